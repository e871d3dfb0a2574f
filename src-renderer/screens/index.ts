/** The screens, in the order of the flow. */

import { compare } from './compare';
import { data } from './data';
import { exporting } from './export';
import { inspect } from './inspect';
import { recipe } from './recipe';
import { run } from './run';
import type { Screen } from './screen';
import { start } from './start';

export const screens: readonly Screen[] = [start, inspect, data, recipe, run, compare, exporting];
