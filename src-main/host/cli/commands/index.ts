/** The commands of the shell, in the order of the work. */

import type { Command } from '../command';
import { compare } from './compare';
import { diff } from './diff';
import { evaluate } from './evaluate';
import { exportVariant } from './export';
import { inspect } from './inspect';
import { kernels } from './kernels';
import { methods } from './methods';
import { nodes } from './nodes';
import { profile } from './profile';
import { run } from './run';
import { steps } from './steps';
import { studio } from './studio';

export const commands: readonly Command[] = [
  inspect,
  nodes,
  kernels,
  profile,
  diff,
  run,
  evaluate,
  compare,
  exportVariant,
  studio,
  ...steps,
  methods,
];
