/** −log softmax(z)[label], the mean over rows that have a label. Source: ONNX operator SoftmaxCrossEntropyLoss, ignore_index −1. */

import { attributes } from '../../onnx/ir';
import type { Loss } from './loss';

export const crossEntropy: Loss = {
  name: 'cross-entropy',
  title: 'Cross-entropy with labels',
  source: 'ONNX operator SoftmaxCrossEntropyLoss',
  needs: 'labels',
  build({ emit, student, labels, classes }) {
    const logProbabilities = emit.op('LogSoftmax', [student], { axis: attributes.int(-1) });
    // [rows, classes]: rows of a label below zero match no class
    const classNumbers = emit.integers(
      Array.from({ length: classes }, (_, at) => at),
      [1, classes],
    );
    const chosen = emit.mask(emit.op('Equal', [emit.unsqueeze(labels, [1]), classNumbers]));
    const total = emit.sum(emit.mul(chosen, logProbabilities), null, false);
    const scored = emit.op('Max', [emit.sum(chosen, null, false), emit.scalar(1)]);
    return emit.neg(emit.div(total, scored));
  },
};
