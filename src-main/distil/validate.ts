/** How good weights are on the held-out rows. */

import { LatheError } from '../contract';
import type { NdArray } from '../onnx/ir';
import { agreementOf, crossEntropyOf, type Forward, rightOf } from './forward';
import type { TrainingSamples } from './samples';
import type { Teacher } from './teacher';
import type { Answers } from './teacher-answers';
import type { TeacherDistance } from './teacher-distance';
import type { LossTerm } from './training-graph';
import type { Validation, Weights } from './training-state';

export interface Forwards {
  readonly student: Forward;
  readonly teacher: Teacher | null;
}

/** What held-out rows are judged by. */
export interface Judges extends Forwards {
  readonly loss: readonly LossTerm[];
  /** null where no term of the loss reads the teacher's answers. */
  readonly distance: TeacherDistance | null;
}

/** The loss of training, hints aside, on the held-out rows. */
export async function validate(
  { student, loss, distance }: Judges,
  weights: Weights,
  samples: TrainingSamples,
  answers: Answers | null,
  atOnce: number,
): Promise<Validation> {
  const labelShare = loss.find(({ name }) => name === 'cross-entropy')?.weight ?? 0;
  const labelled = { sum: 0, right: 0, count: 0 };
  const taught = { sum: 0, right: 0, count: 0 };
  for (let first = 0; first < samples.validation.length; first += atOnce) {
    const rows = samples.validation.subarray(first, first + atOnce);
    const { feeds, labels } = samples.gather(rows);
    const logits = await student.logits(feeds, weights);
    const wanted = answers === null ? null : await answers(rows, feeds);
    checkAnswers(logits, rows.length, labels?.length ?? wanted?.shape[0] ?? 0, labels === null ? 'teacher' : 'data');
    if (labels !== null) {
      const part = crossEntropyOf(logits, labels);
      labelled.sum += part.sum;
      labelled.right += rightOf(logits, labels);
      labelled.count += part.rows;
    }
    if (wanted !== null && distance !== null) {
      const answered = wanted.shape[0] as number;
      taught.sum += answered * (await distance.between(logits, wanted));
      taught.right += agreementOf(logits, wanted);
      taught.count += answered;
    }
  }
  const mean = (sum: number, count: number) => sum / Math.max(1, count);
  const told = labelled.count > 0 ? labelled : taught;
  return {
    loss: labelShare * mean(labelled.sum, labelled.count) + mean(taught.sum, taught.count),
    accuracy: mean(told.right, told.count),
  };
}

/** One answer a sample, or one a token: as many as there are labels, or answers of the teacher. */
function checkAnswers({ shape }: NdArray, samples: number, wanted: number, from: 'teacher' | 'data'): void {
  if (shape[0] === wanted) return;
  const labels = from === 'data' ? `${wanted} labels` : `${wanted} answers of the teacher`;
  throw new LatheError({
    who: 'distil',
    what: `the output gives ${shape[0]} answers for ${samples} samples, and there are ${labels}`,
    next: 'name another output in meta.json ("output"), or give as many labels as the output has answers',
  });
}
