/** Where constants of a graph end up as weights: read by a layer at once, or moved and converted on the way to it. */

import { capturedBy, type Graph, indexGraph, type Node } from '../onnx/ir';
import { gradients } from './gradients';

/** An input of a node that a constant reaches. */
export interface WeightUse {
  readonly node: Node;
  readonly at: number;
  /** What the node reads: the constant itself, or what was made of it. */
  readonly value: string;
  /** Whether it was turned on the way. */
  readonly turned: boolean;
}

export interface WeightUses {
  /** The nodes that read the constant itself. */
  readonly readers: readonly Node[];
  /** Where it is a weight. */
  readonly uses: readonly WeightUse[];
  /** Other nodes that read it, or what was made of it, as a number of their calculation. */
  readonly others: readonly Node[];
}

/** Operators whose inputs are weights whatever they were computed from. */
const layerInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
  FusedMatMul: [0, 1],
  Einsum: [0, 1],
  LayerNormalization: [1, 2],
  SimplifiedLayerNormalization: [1],
  SkipLayerNormalization: [2, 3, 4],
  SkipSimplifiedLayerNormalization: [2, 3],
  RMSNormalization: [1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  PRelu: [1],
  Gather: [0],
  BiasGelu: [1],
  FastGelu: [1],
  Attention: [1, 2],
  MultiHeadAttention: [3],
  QuantizeLinear: [0],
  LSTM: [1, 2, 3, 7],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
};

/** Biases and scales of norms written in pieces; what constants alone were made into may as well be a mask. */
const sumInputs: Readonly<Record<string, readonly number[]>> = { Add: [0, 1], Mul: [0, 1] };

/** Numbers that say how a node works. */
const settingInputs: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  QuantizeLinear: [1, 2],
  DequantizeLinear: [1, 2],
  Clip: [1, 2],
  Pad: [2],
  Resize: [1, 2],
};

/** What hands its first input on, elements in other places. */
const movements = [
  'Cast',
  'Expand',
  'Flatten',
  'Identity',
  'Reshape',
  'Slice',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
];

/** @returns a function of a constant's name */
export function findWeightUses(graph: Graph): (name: string) => WeightUses {
  const index = indexGraph(graph);
  const fromData = dataValues(graph);
  return (name) => {
    const uses: WeightUse[] = [];
    const others: Node[] = [];
    const seen = new Set<string>();
    const follow = (value: string, turned: boolean, computed: boolean): void => {
      if (seen.has(value)) return;
      seen.add(value);
      for (const node of index.consumers(value)) {
        const places = node.inputs.flatMap((input, at) => (input === value ? [at] : []));
        const among = (table: Readonly<Record<string, readonly number[]>>) =>
          places.filter((at) => table[node.opType]?.includes(at));
        const isCapture = places.length === 0;
        if (!isCapture && among(settingInputs).length === places.length) continue;
        const onlyConstants = !node.inputs.some((input) => fromData.has(input));
        const asUse = (at: number) => uses.push({ node, at, value, turned });
        const hand = (isComputed: boolean) => {
          for (const output of node.outputs)
            if (output !== '') follow(output, turned || node.opType === 'Transpose', isComputed);
        };
        if (isCapture) others.push(node);
        else if (among(layerInputs).length > 0) among(layerInputs).forEach(asUse);
        else if (movements.includes(node.opType) && places.includes(0)) hand(computed);
        else if (node.opType === 'Concat' && onlyConstants) hand(computed);
        // A row put before or behind the data, such as a class token.
        else if (node.opType === 'Concat') places.forEach(asUse);
        else if (among(sumInputs).length > 0 && !computed && !onlyConstants) places.forEach(asUse);
        else if (onlyConstants && node.opType in gradients) hand(true);
        else others.push(node);
      }
    };
    follow(name, false, false);
    return { readers: index.consumers(name), uses, others };
  };
}

/** Values that depend on the graph's inputs by more than a shape. */
function dataValues(graph: Graph): ReadonlySet<string> {
  const found = new Set(graph.inputs.map(({ name }) => name).filter((name) => !graph.initializers.has(name)));
  for (const node of graph.nodes) {
    if (node.opType === 'Shape' || node.opType === 'Size') continue;
    if ([...node.inputs, ...capturedBy(node)].some((input) => found.has(input)))
      for (const output of node.outputs) found.add(output);
  }
  return found;
}
