/** Whether the graph itself says that an output is probabilities. */

import { type GraphIndex, indexGraph, type Model } from '../onnx/ir';
import type { OutputScale } from './metric';

/** Nodes behind which a probability is still one. */
const keepsScale = new Set([
  'Cast',
  'DequantizeLinear',
  'Dropout',
  'Flatten',
  'Identity',
  'QuantizeLinear',
  'Reshape',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);

/** By the node that makes the output: Softmax and LogSoftmax are sure; null otherwise. */
export function outputScale(model: Model, output: string): OutputScale | null {
  return scaleOf(indexGraph(model.graph), output);
}

function scaleOf(index: GraphIndex, value: string): OutputScale | null {
  const maker = index.producer(value);
  if (maker === undefined) return null;
  if (maker.opType === 'Softmax') return 'probabilities';
  if (maker.opType === 'LogSoftmax') return 'log-probabilities';
  return keepsScale.has(maker.opType) ? scaleOf(index, maker.inputs[0] as string) : null;
}
