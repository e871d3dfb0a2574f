/** @file The optimisers, by name. */

import { adam, adamw } from './adam';
import type { Optimizer } from './optimizer';
import { sgd } from './sgd';

export const optimizers: readonly Optimizer[] = [adamw, adam, sgd];
export { beta1, beta2, type Optimizer } from './optimizer';
