/** @file The pruning methods, in the order in which they are offered. */

import type { PruneMethod } from '../method';
import { magnitude } from './magnitude';
import { nOfM } from './n-of-m';
import { sparseGpt } from './sparse-gpt';
import { wanda } from './wanda';

export const pruneMethods: readonly PruneMethod[] = [magnitude, nOfM, wanda, sparseGpt];
