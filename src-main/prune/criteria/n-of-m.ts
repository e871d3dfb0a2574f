/**
 * N:M pruning: of each m consecutive inputs of a neuron the n of largest magnitude are kept.
 *
 * Source: Zhou et al., "Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch" (arXiv:2102.04010),
 * section 3.1; Mishra et al., "Accelerating Sparse Deep Neural Networks" (arXiv:2104.08378) for 2:4.
 */

import { maskNOfM } from '../../kernels';
import { inputAxis } from '../input-axis';
import { maskedTensor } from '../masked-tensor';
import { pruneMethod } from '../method';
import { minElements, type Pattern, pattern, patternOf } from '../options';
import { pruneOutcome } from '../outcome';
import { findWeights, setAside, type Weight } from '../weights';

export const nOfM = pruneMethod({
  name: 'n-m',
  title: 'N of M (2:4 and its kind)',
  help: 'Keeps the largest n of each m neighbouring inputs, the pattern that some accelerators run faster. On a CPU it only makes the zipped model smaller; needs no data.',
  source: 'arXiv:2102.04010',
  data: 'none',
  options: { pattern, minElements },
  async run(model, options, targets, { progress, signal }) {
    const chosen = patternOf(options.pattern);
    const found = setAside(findWeights(model, targets, options.minElements), (weight) => tooNarrow(weight, chosen));
    progress({ phase: 'Pruning', fraction: 0 });
    const pruned = found.weights.map((weight) => ({ weight, tensor: patterned(weight, chosen) }));
    const outcome = await pruneOutcome(model, found, pruned, [], signal);
    progress({ phase: 'Pruning', fraction: 1 });
    return outcome;
  },
});

/** Why a weight cannot take the pattern; null where it can. */
export function tooNarrow(weight: Weight, { m }: Pattern): string | null {
  const inputs = inputAxis(weight);
  if (inputs === null) return 'its weight is shared by nodes that sum it along different axes';
  if (inputs.size < m) return `its neurons have ${inputs.size} inputs, fewer than ${m}`;
  return null;
}

function patterned(weight: Weight, { n, m }: Pattern) {
  const { size, inner } = inputAxis(weight) as NonNullable<ReturnType<typeof inputAxis>>;
  // Groups do not reach beyond each other, so that a part of whole groups is enough where m divides the axis.
  const grouped = size % m === 0 ? m : size;
  return maskedTensor(
    weight.tensor,
    (values, _first, mask) => maskNOfM(values, grouped, inner, n, m, mask),
    grouped * inner,
  );
}
