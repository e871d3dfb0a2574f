/** The commands of the shell, in the order of the work. */

import type { Command } from '../command';
import { compare } from './compare';
import { evaluate } from './evaluate';
import { exportVariant } from './export';
import { inspect } from './inspect';
import { methods } from './methods';
import { run } from './run';
import { steps } from './steps';
import { studio } from './studio';

export const commands: readonly Command[] = [inspect, run, evaluate, compare, exportVariant, studio, ...steps, methods];
