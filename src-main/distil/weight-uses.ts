/** Where constants of a graph end up as weights: read by a layer at once, or moved and converted on the way to it. */

import { attributes, capturedBy, type Graph, type GraphIndex, indexGraph, type Node } from '../onnx/ir';
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
  LSTM: [1, 2, 3, 5, 6, 7],
  GRU: [1, 2, 3, 5],
  RNN: [1, 2, 3, 5],
};

/** States that a layer begins with. */
const firstStates: Readonly<Record<string, readonly number[]>> = { LSTM: [5, 6], GRU: [5], RNN: [5] };

/** Whether a layer begins with it: a state of a recurrent layer, of a Scan or of a Loop. */
export function isFirstState({ node, at }: WeightUse): boolean {
  return firstStates[node.opType]?.includes(at) ?? ['Loop', 'Scan'].includes(node.opType);
}

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

/** A graph, and in bodies the one around it. */
interface Scope {
  readonly index: GraphIndex;
  /** Values that depend on what the model is given by more than a shape. */
  readonly fromData: ReadonlySet<string>;
  readonly around: { readonly node: Node; readonly scope: Scope } | null;
}

/** @returns a function of a constant's name; bodies that read it are looked into */
export function findWeightUses(graph: Graph): (name: string) => WeightUses {
  const main = { index: indexGraph(graph), fromData: dataValues(graph, new Set()), around: null };
  const bodies = new Map<Graph, Scope>();
  const scopeOf = (body: Graph, node: Node, scope: Scope): Scope => {
    const found = bodies.get(body) ?? {
      index: indexGraph(body),
      fromData: dataValues(body, scope.fromData),
      around: { node, scope },
    };
    bodies.set(body, found);
    return found;
  };
  return (name) => {
    const uses: WeightUse[] = [];
    const others: Node[] = [];
    const seen = new Map<Scope, Set<string>>();
    const follow = (value: string, scope: Scope, turned: boolean, computed: boolean): void => {
      const visited = seen.get(scope) ?? new Set();
      seen.set(scope, visited);
      if (value === '' || visited.has(value)) return;
      visited.add(value);
      const { index, fromData, around } = scope;
      if (around?.node.opType === 'If')
        index.graph.outputs.forEach((output, at) => {
          if (output.name === value) follow(around.node.outputs[at] ?? '', around.scope, turned, computed);
        });
      for (const node of index.consumers(value)) {
        for (const { graph: body } of attributes.subgraphsOf(node)) {
          const inner = scopeOf(body, node, scope);
          if (!holdsItself(inner.index, value)) follow(value, inner, turned, computed);
        }
        const places = node.inputs.flatMap((input, at) => (input === value ? [at] : []));
        const among = (table: Readonly<Record<string, readonly number[]>>) =>
          places.filter((at) => table[node.opType]?.includes(at));
        if (among(settingInputs).length === places.length) continue;
        const onlyConstants = !node.inputs.some((input) => fromData.has(input));
        const asUse = (at: number) => uses.push({ node, at, value, turned });
        const hand = (isComputed: boolean) => {
          for (const output of node.outputs) follow(output, scope, turned || node.opType === 'Transpose', isComputed);
        };
        if (node.opType === 'Scan') {
          const body = attributes.subgraphsOf(node)[0]?.graph as Graph;
          const states = node.inputs.length - attributes.intOf(node, 'num_scan_inputs', 0);
          for (const at of places) {
            if (at < states) asUse(at);
            else follow(body.inputs[at]?.name ?? '', scopeOf(body, node, scope), turned, true);
          }
        } else if (node.opType === 'Loop') places.filter((at) => at > 1).forEach(asUse);
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
    follow(name, main, false, false);
    return { readers: main.index.consumers(name), uses, others };
  };
}

/** Whether the graph has a value of its own by that name. */
function holdsItself({ graph, producer, isInput }: GraphIndex, value: string): boolean {
  return graph.initializers.has(value) || isInput(value) || producer(value) !== undefined;
}

/** @param around those of the graphs around a body, whose inputs are data as well */
function dataValues(graph: Graph, around: ReadonlySet<string>): ReadonlySet<string> {
  const own = graph.inputs.map(({ name }) => name).filter((name) => !graph.initializers.has(name));
  const found = new Set([...around, ...own]);
  for (const node of graph.nodes) {
    if (node.opType === 'Shape' || node.opType === 'Size') continue;
    if ([...node.inputs, ...capturedBy(node)].some((input) => found.has(input)))
      for (const output of node.outputs) found.add(output);
  }
  return found;
}
