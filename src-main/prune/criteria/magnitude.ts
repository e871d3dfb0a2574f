/**
 * Unstructured magnitude pruning: the weights nearest to zero are set to zero.
 *
 * Source: Han, Pool, Tran, Dally, "Learning both Weights and Connections for Efficient Neural Networks"
 * (arXiv:1506.02626); one global threshold as in Zhu, Gupta (arXiv:1710.01878), section 4.
 * W weights, s sparsity, t threshold: W_i ← 0 where |W_i| < t, with t the ⌊s·n + ½⌋-th smallest |W|, found exactly.
 */

import { portion, type Work } from '../../contract';
import { afterTies, maskBelow, selectMagnitude } from '../../kernels';
import { elementCount } from '../../onnx/ir';
import { floatParts } from '../float-parts';
import { maskedTensor } from '../masked-tensor';
import { pruneMethod } from '../method';
import { minElements, sparsity } from '../options';
import { type PrunedWeight, pruneOutcome } from '../outcome';
import { findWeights, type Weight } from '../weights';

export const magnitude = pruneMethod({
  name: 'magnitude',
  title: 'Magnitude (unstructured)',
  help: 'Sets the weights nearest to zero to zero, one by one. Makes the model smaller when zipped, not faster; needs no data.',
  source: 'arXiv:1506.02626',
  data: 'none',
  options: {
    sparsity,
    scope: {
      kind: 'choice',
      title: 'Threshold',
      help: 'One threshold for the whole model lets sturdy layers give more; one for each layer takes the same share everywhere.',
      default: 'global',
      choices: [
        { value: 'global', title: 'One for the model' },
        { value: 'layer', title: 'One for each layer' },
      ],
    },
    minElements,
  },
  async run(model, options, targets, context) {
    const found = findWeights(model, targets, options.minElements);
    const groups = options.scope === 'global' ? [found.weights] : found.weights.map((weight) => [weight]);
    const pruned: PrunedWeight[] = [];
    for (const [at, group] of groups.entries()) {
      const work = portion(context, at / groups.length, (at + 1) / groups.length, 'Pruning');
      pruned.push(...(await pruneTogether(group, options.sparsity, work)));
    }
    return pruneOutcome(model, found, pruned, [], context.signal);
  },
});

/** Prunes the given share of all values of the weights, by one threshold. */
async function pruneTogether(weights: readonly Weight[], share: number, work: Work): Promise<PrunedWeight[]> {
  const total = weights.reduce((sum, { tensor }) => sum + elementCount(tensor.shape), 0);
  let read = 0;
  const parts = async function* () {
    for (const { tensor, uses } of weights) {
      for await (const { values } of floatParts(tensor, work.signal)) {
        yield values;
        read += values.length;
        // Two passes to find the threshold, a third to place it.
        work.progress({
          phase: 'Pruning',
          fraction: Math.min(1, read / (3 * total)),
          detail: uses[0]?.node.name ?? '',
        });
      }
    }
  };
  const { threshold, ties } = await selectMagnitude(parts, Math.round(share * total));
  const pruned: PrunedWeight[] = [];
  let left = ties;
  for (const weight of weights) {
    let tieEnd = 0;
    for await (const { first, values } of floatParts(weight.tensor, work.signal)) {
      if (left === 0) break;
      const tied = afterTies(values, threshold, left);
      left = tied.left;
      tieEnd = first + tied.end;
    }
    const tensor = maskedTensor(weight.tensor, (values, first, mask) =>
      maskBelow(values, threshold, tieEnd - first, mask),
    );
    pruned.push({ weight, tensor });
  }
  work.progress({ phase: 'Pruning', fraction: 1 });
  return pruned;
}
