/** What an optimiser is: a function that writes the update of one parameter into the training graph. */

import type { Emitter } from '../emitter';

export interface UpdateInputs {
  readonly emit: Emitter;
  /** float32, the parameter before this step. */
  readonly parameter: string;
  /** float32, same shape. */
  readonly gradient: string;
  /** The optimiser's own tensors, same shape, one for each name of `state`. */
  readonly state: readonly string[];
  /** float32 scalar of this step. */
  readonly learningRate: string;
  /** float32 scalars 1 − β₁ᵗ and 1 − β₂ᵗ. */
  readonly corrections: readonly [string, string];
  /** 0 for parameters that are not decayed: biases, norms' scales. */
  readonly weightDecay: number;
}

export interface Optimizer {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** Names of the tensors it keeps for each parameter; they start at zero. */
  readonly state: readonly string[];
  /** @returns the new parameter, then the new state in order */
  update(inputs: UpdateInputs): readonly [string, ...string[]];
}

export const beta1 = 0.9;
export const beta2 = 0.999;
