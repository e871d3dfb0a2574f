/**
 * ‖a/‖a‖ − b/‖b‖‖², a and b the means of squares over channels or heads, the mean over rows: where student and teacher
 * look, however many channels or heads they look with.
 * Source: Zagoruyko and Komodakis 2017 (arXiv:1612.03928), equation 2, activation-based with p = 2.
 */

import type { Emitter } from '../emitter';
import type { Hint } from './hint';

export const attentionMap: Hint = {
  name: 'attention-map',
  title: 'Attention maps',
  source: 'arXiv:1612.03928',
  mayDiffer: () => 1,
  projects: false,
  build({ emit, student, teacher }) {
    const difference = emit.sub(mapOf(emit, student), mapOf(emit, teacher));
    return emit.mean(emit.sum(emit.mul(difference, difference), [1], false), null, false);
  },
};

/** [rows, channels, …] → [rows, places], each row of length one. */
function mapOf(emit: Emitter, value: string): string {
  const map = emit.reshape(emit.mean(emit.mul(value, value), [1], false), [0, -1]);
  const length = emit.op('Sqrt', [emit.add(emit.sum(emit.mul(map, map), [1]), emit.scalar(1e-12))]);
  return emit.div(map, length);
}
