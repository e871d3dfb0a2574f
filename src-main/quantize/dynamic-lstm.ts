/**
 * LSTM with int8 weights and activations quantized anew in every step: com.microsoft.DynamicQuantizeLSTM.
 * Source: onnxruntime, contrib operators, DynamicQuantizeLSTM. Its W is [directions, inputs, 4·hidden] and its R
 * [directions, hidden, 4·hidden], where LSTM has the last two axes the other way round; a scale a direction, or one a
 * direction and column.
 */

import { readTensor } from '../onnx/file';
import {
  attributes,
  elementCount,
  makeNode,
  type NdArray,
  type Node,
  type Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import { type Constants, computedReason, typeReason } from './constants';
import { minMaxScales, quantizedWeight } from './weights';

/** Inputs of an LSTM before those of its quantization. */
const plainInputs = 8;

/** Why an LSTM stays as it is; null where it need not. */
export function refuseLstm(node: Node, constants: Constants): string | null {
  if (attributes.intOf(node, 'layout', 0) !== 0) return 'layout = 1 has no integer kernel';
  for (const name of [node.inputs[1] as string, node.inputs[2] as string]) {
    const weight = constants.tensor(name);
    if (weight === undefined) return computedReason(constants, name);
    if (weight.dtype !== 'float32') return typeReason(weight);
  }
  return null;
}

/** The LSTM that multiplies integers, with its weights set as initializers of the patch. */
export function dynamicLstm(patch: Patch, node: Node, constants: Constants, perChannel: boolean): Node {
  const [w, r] = [node.inputs[1], node.inputs[2]].map((name) =>
    storeWeight(patch, name as string, constants.tensor(name as string) as Tensor, perChannel),
  ) as [StoredWeight, StoredWeight];
  const plain = Array.from({ length: plainInputs }, (_, at) => node.inputs[at] ?? '');
  plain.splice(1, 2, w.codes, r.codes);
  const inputs = [...plain, w.scale, w.zeroPoint, r.scale, r.zeroPoint];
  const made = makeNode('DynamicQuantizeLSTM', node.name, inputs, node.outputs);
  const kept = [...node.attributes].filter(([name]) => name !== 'layout');
  return { ...made, domain: 'com.microsoft', attributes: new Map(kept) };
}

interface StoredWeight {
  readonly codes: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

function storeWeight(patch: Patch, value: string, weight: Tensor, perChannel: boolean): StoredWeight {
  const [directions, gates, inputs] = weight.shape as [number, number, number];
  // [channels, weights of each], where a channel is a direction or one of its columns
  const channels = perChannel ? directions * gates : directions;
  const rows = { ...weight, shape: [channels, elementCount(weight.shape) / channels] };
  const scales = minMaxScales(rows, 0);
  const codes = (readTensor(quantizedWeight('', rows, scales)) as NdArray<'int8'>).data;
  const stored = {
    codes: patch.freshName(`${value}_codes`),
    scale: patch.freshName(`${value}_scale`),
    zeroPoint: patch.freshName(`${value}_zero_point`),
  };
  const shape = perChannel ? [directions, gates] : [directions];
  const turned = turnedInside(codes, directions, gates, inputs);
  const setInitializer = (name: string, array: NdArray) => patch.setInitializer(tensorFromArray(name, array));
  setInitializer(stored.codes, { dtype: 'int8', shape: [directions, inputs, gates], data: turned });
  setInitializer(stored.scale, { dtype: 'float32', shape, data: scales.scales });
  setInitializer(stored.zeroPoint, { dtype: 'int8', shape, data: new Int8Array(channels) });
  return stored;
}

/** [blocks, rows, columns] → [blocks, columns, rows] */
function turnedInside(x: Int8Array, blocks: number, rows: number, columns: number): Int8Array {
  const y = new Int8Array(x.length);
  for (let block = 0; block < blocks; block++) {
    const from = block * rows * columns;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        y[from + column * rows + row] = x[from + row * columns + column]!;
  }
  return y;
}
