/** Which initializers of a model are weights that training may move. */

import { readTensor } from '../onnx/file';
import { elementCount, type Graph, indexGraph, type NdArray, type Tensor } from '../onnx/ir';

/** Operators that read weights, and at which inputs; Add and Mul hold biases and scales of norms written in pieces. */
const weightInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
  LayerNormalization: [1, 2],
  SimplifiedLayerNormalization: [1],
  RMSNormalization: [1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  PRelu: [1],
  Gather: [0],
  Add: [0, 1],
  Mul: [0, 1],
  Einsum: [0, 1],
  Transpose: [0],
  QuantizeLinear: [0],
  LSTM: [1, 2, 3],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
};

export interface Trainable {
  readonly names: readonly string[];
  readonly skipped: readonly { readonly node: string; readonly reason: string }[];
  readonly weights: ReadonlyMap<string, NdArray<'float32'>>;
}

/**
 * @param mayTouch whether a node is among the Step's targets
 * @param known what a method says of initializers: trained whatever reads them, or never
 */
export function findTrainable(
  graph: Graph,
  mayTouch: (node: { name: string; opType: string }) => boolean,
  known: { readonly learned: readonly string[]; readonly constants: readonly string[] } = {
    learned: [],
    constants: [],
  },
): Trainable {
  const index = indexGraph(graph);
  const weights = new Map<string, NdArray<'float32'>>();
  const skipped: { node: string; reason: string }[] = [];
  for (const [name, tensor] of graph.initializers) {
    if (known.constants.includes(name)) continue;
    if (known.learned.includes(name)) {
      weights.set(name, floats(tensor));
      continue;
    }
    const readers = index
      .consumers(name)
      .filter((node) => (weightInputs[node.opType] ?? []).some((at) => node.inputs[at] === name));
    if (readers.length === 0 || elementCount(tensor.shape) < 2) continue;
    const reader = readers[0] as { name: string };
    if (!readers.some(mayTouch)) skipped.push({ node: reader.name, reason: 'not among the targets: frozen' });
    else if (tensor.dtype !== 'float32')
      skipped.push({ node: reader.name, reason: `weights of type ${tensor.dtype} are not trained` });
    else {
      const values = floats(tensor);
      if (isMask(values))
        skipped.push({ node: reader.name, reason: `"${name}" looks like an attention mask, not a weight` });
      else weights.set(name, values);
    }
  }
  return { names: [...weights.keys()], skipped, weights };
}

function floats(tensor: Tensor): NdArray<'float32'> {
  return readTensor(tensor) as NdArray<'float32'>;
}

/** Constants of −∞ or very large size are masks. */
function isMask({ data }: NdArray<'float32'>): boolean {
  return data.some((value) => !(Math.abs(value) < 1e3));
}
