/** The weights that pruning may touch, wherever they lie: initializers and Constant nodes, of bodies and functions too. */

import { type Targets, targetFilter } from '../contract';
import { attributes, elementCount, type Graph, type Model, type Node, type Tensor } from '../onnx/ir';

/** A node that multiplies by a weight. */
export interface WeightUse {
  readonly node: Node;
  /** Which of its inputs the weight is. */
  readonly input: number;
  /** The graph is the model's own, not a body or a function: what flows into the node can be observed. */
  readonly top: boolean;
  /** What lies between the tensor and the node: Identity, Cast, Transpose. */
  readonly through: readonly Node[];
}

export interface Weight {
  readonly tensor: Tensor;
  /** Name of the value: the initializer's, or that of the Constant node's output. */
  readonly name: string;
  readonly uses: readonly WeightUse[];
}

export interface FoundWeights {
  /** Each once, however many nodes share it. */
  readonly weights: readonly Weight[];
  /** Nodes in reach of the targets whose weight was left alone, and why. */
  readonly skipped: readonly { readonly node: string; readonly reason: string }[];
}

/** Inputs of each op that may hold its weight, the usual one first. Source: the operators' pages of the ONNX spec. */
const weightInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [1, 0],
  MatMul: [1, 0],
};

/** Ops that pass a weight on with its values as they are. */
const passing = new Set(['Identity', 'Cast', 'Transpose']);

export const prunableOps: readonly string[] = Object.keys(weightInputs);

interface Scope {
  readonly graph: Pick<Graph, 'nodes' | 'initializers'>;
  readonly makers: ReadonlyMap<string, Node>;
  readonly outer: Scope | null;
  readonly top: boolean;
}

type Origin =
  | { readonly kind: 'tensor'; readonly tensor: Tensor; readonly name: string; readonly through: readonly Node[] }
  | { readonly kind: 'quantized'; readonly by: string }
  | { readonly kind: 'computed' };

/**
 * @param minElements weights with fewer elements are left alone
 */
export function findWeights(model: Model, targets: Targets, minElements: number): FoundWeights {
  const inReach = targetFilter(targets);
  const uses = new Map<Tensor, { name: string; uses: WeightUse[] }>();
  const otherReaders = new Map<Tensor, Node>();
  const skipped: { node: string; reason: string }[] = [];

  const visit = (scope: Scope): void => {
    for (const node of scope.graph.nodes) {
      const use = node.domain === '' && node.opType in weightInputs ? weightOf(scope, node) : undefined;
      noteOtherReads(scope, node, use?.input, otherReaders);
      for (const { graph } of attributes.subgraphsOf(node)) visit(scopeOf(graph, scope, false));
      if (use === undefined || !inReach(node)) continue;
      if (use.origin.kind === 'tensor') {
        const { tensor, name, through } = use.origin;
        const entry = uses.get(tensor) ?? { name, uses: [] };
        entry.uses.push({ node, input: use.input, top: scope.top, through });
        uses.set(tensor, entry);
      } else skipped.push({ node: node.name, reason: reasonOf(use.origin) });
    }
  };
  visit(scopeOf(model.graph, null, true));
  for (const { nodes } of model.functions) visit(scopeOf({ nodes, initializers: new Map() }, null, false));

  const weights = [...uses].map(([tensor, found]) => ({ tensor, ...found }));
  return setAside({ weights, skipped }, ({ tensor }) => refusal(tensor, otherReaders.get(tensor), minElements));
}

/** The same without the weights that `refuse` gives a reason against; their nodes are skipped with it. */
export function setAside(found: FoundWeights, refuse: (weight: Weight) => string | null): FoundWeights {
  const skipped = [...found.skipped];
  const weights = found.weights.filter((weight) => {
    const reason = refuse(weight);
    if (reason !== null) skipped.push(...weight.uses.map(({ node }) => ({ node: node.name, reason })));
    return reason === null;
  });
  return { weights, skipped };
}

function scopeOf(graph: Scope['graph'], outer: Scope | null, top: boolean): Scope {
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== '') makers.set(output, node);
  return { graph, makers, outer, top };
}

/** The weight of a node: of its weight inputs the first that is constant, else whatever the usual one is. */
function weightOf(scope: Scope, node: Node): { input: number; origin: Origin } {
  const candidates = (weightInputs[node.opType] as readonly number[]).map((input) => ({
    input,
    origin: originOf(scope, node.inputs[input] ?? ''),
  }));
  return (candidates.find(({ origin }) => origin.kind !== 'computed') ?? candidates[0]) as (typeof candidates)[number];
}

function originOf(scope: Scope, value: string, through: readonly Node[] = []): Origin {
  const maker = scope.makers.get(value);
  if (maker === undefined) {
    const tensor = scope.graph.initializers.get(value);
    if (tensor !== undefined) return { kind: 'tensor', tensor, name: value, through };
    return scope.outer === null ? { kind: 'computed' } : originOf(scope.outer, value, through);
  }
  if (maker.opType === 'Constant' && maker.domain === '') {
    const tensor = attributes.tensorOf(maker, 'value');
    return tensor === undefined ? { kind: 'computed' } : { kind: 'tensor', tensor, name: value, through };
  }
  if (maker.opType === 'DequantizeLinear') {
    const held = originOf(scope, maker.inputs[0] ?? '');
    return held.kind === 'computed' ? held : { kind: 'quantized', by: maker.name };
  }
  if (passing.has(maker.opType)) return originOf(scope, maker.inputs[0] ?? '', [...through, maker]);
  return scaledIntegers(scope, maker) ? { kind: 'quantized', by: maker.name } : { kind: 'computed' };
}

/** Integer weights that the graph itself turns into floats: Cast, then Mul or Sub by constants. */
function scaledIntegers(scope: Scope, maker: Node): boolean {
  if (maker.opType !== 'Mul' && maker.opType !== 'Sub') return false;
  const [first, second] = maker.inputs.map((input) => originOf(scope, input));
  if (first === undefined || second === undefined) return false;
  if (first.kind === 'quantized' || second.kind === 'quantized') return true;
  return [first, second].some((origin) => origin.kind === 'tensor' && /^u?int(4|8)$/.test(origin.tensor.dtype));
}

function reasonOf(origin: Exclude<Origin, { kind: 'tensor' }>): string {
  return origin.kind === 'quantized' ? 'its weight is quantized already' : 'has no constant weight';
}

/** Remembers who reads a tensor directly as something else than a weight, such as the Gather of a tied embedding. */
function noteOtherReads(scope: Scope, node: Node, weightInput: number | undefined, into: Map<Tensor, Node>): void {
  if (passing.has(node.opType)) return;
  node.inputs.forEach((input, at) => {
    if (at === weightInput || input === '') return;
    const origin = originOf(scope, input);
    if (origin.kind === 'tensor' && !into.has(origin.tensor)) into.set(origin.tensor, node);
  });
}

function refusal(tensor: Tensor, other: Node | undefined, minElements: number): string | null {
  if (other !== undefined) return `its weight is also read by ${other.opType} "${other.name}"`;
  if (!isFloat(tensor)) return `its weight is ${tensor.dtype}, not float`;
  if (tensor.shape.length < 2) return 'its weight is a vector';
  if (elementCount(tensor.shape) < minElements) return `its weight has fewer than ${minElements} elements`;
  return null;
}

function isFloat(tensor: Tensor): boolean {
  return tensor.dtype === 'float32' || tensor.dtype === 'float16' || tensor.dtype === 'bfloat16';
}
