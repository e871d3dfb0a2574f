/** What a training loss is: a function that writes its nodes behind the logits. */

import type { Emitter } from '../emitter';

export interface LossInputs {
  readonly emit: Emitter;
  /** float32 [rows, classes]: outputs before any softmax. */
  readonly student: string;
  /** float32 [rows, classes]; only for losses that need a teacher. */
  readonly teacher: string;
  /** int64 [rows]: class of each row, −1 = not scored; only for losses that need labels. */
  readonly labels: string;
  readonly classes: number;
  readonly temperature: number;
}

export interface Loss {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly needs: 'labels' | 'teacher';
  /** @returns a scalar: the mean over the rows */
  build(inputs: LossInputs): string;
}
