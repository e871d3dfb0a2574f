/**
 * A student of the language classifier in another architecture than its teacher's: convolutions over bytes, 96 → 48 → 24
 * places, the largest answer of each feature, one dense layer. Its numbers are still to be learned.
 */

import { parseModelText } from '../../src-main/onnx/file';
import { type Model, tensorFromArray, zeros } from '../../src-main/onnx/ir';

const places = 96;
const classes = 59;

const text = `<ir_version: 8, opset_import: ["" : 17]>
bytes_to_language (int64[batch, ${places}] tokens) => (float[batch, ${classes}] logits) {
  embedded = Gather (embedding, tokens)
  channels = Transpose <perm = [0, 2, 1]> (embedded)
  first = Conv <kernel_shape = [5], pads = [2, 2]> (channels, conv1.weight, conv1.bias)
  first_active = Relu (first)
  first_pooled = MaxPool <kernel_shape = [2], strides = [2]> (first_active)
  second = Conv <kernel_shape = [3], pads = [1, 1]> (first_pooled, conv2.weight, conv2.bias)
  second_active = Relu (second)
  second_pooled = MaxPool <kernel_shape = [2], strides = [2]> (second_active)
  third = Conv <kernel_shape = [3], pads = [1, 1]> (second_pooled, conv3.weight, conv3.bias)
  third_active = Relu (third)
  largest = GlobalMaxPool (third_active)
  features = Flatten (largest)
  logits = Gemm <transB = 1> (features, dense.weight, dense.bias)
}`;

const shapes: Readonly<Record<string, readonly number[]>> = {
  embedding: [257, 48],
  'conv1.weight': [128, 48, 5],
  'conv1.bias': [128],
  'conv2.weight': [128, 128, 3],
  'conv2.bias': [128],
  'conv3.weight': [192, 128, 3],
  'conv3.bias': [192],
  'dense.weight': [classes, 192],
  'dense.bias': [classes],
};

export function byteStudent(): Model {
  const model = parseModelText(text);
  const initializers = new Map(
    Object.entries(shapes).map(([name, shape]) => [name, tensorFromArray(name, zeros('float32', shape))]),
  );
  return { ...model, graph: { ...model.graph, initializers } };
}
