/**
 * Reverse-mode differentiation of an ONNX graph: forward nodes → backward nodes, both ordinary ONNX operators.
 * Only nodes between the trained values and the loss are differentiated.
 * Source: Griewank and Walther, Evaluating Derivatives (2nd ed. 2008), chapter 3: reverse accumulation.
 */

import { LatheError } from '../contract';
import {
  attributes,
  capturedBy,
  type Dim,
  type DType,
  floatTensor,
  type Graph,
  type Node,
  sortTopologically,
  type TypeInfo,
} from '../onnx/ir';
import type { Emitter } from './emitter';
import {
  type BodyRequest,
  constantValues,
  type Differentiated,
  type GradientContext,
  nodeTitle,
  operatorName,
  unsupported,
} from './gradient';
import { gradients } from './gradients';
import { noGradient, notWritten } from './no-gradient';
import { forwardValuesFirst, isRowProduct, lastMadeFirst, nodesFor } from './written-nodes';

type Types = ReadonlyMap<string, TypeInfo>;

export interface BackwardRequest {
  /** The forward graph, loss included. */
  readonly graph: Graph;
  /** Types of its values; ranks must be known wherever a gradient passes. */
  readonly types: Types;
  /** The same of the bodies of its nodes. */
  readonly bodyTypes?: (body: Graph) => Types;
  /** A scalar value of the graph. */
  readonly loss: string;
  /** Values (inputs or initializers) by which to differentiate. */
  readonly wrt: readonly string[];
  /** Writes the new nodes; made with all names of the graph taken. */
  readonly emit: Emitter;
  /** Of the operators of ai.onnx; 18 where it is left out. */
  readonly opset?: number;
  /** Of the session room's `channelBlock`; 0 = all maps stay plain. */
  readonly channelBlock?: number;
}

export interface Backward {
  /** Forward nodes (some with more outputs than before), then the written ones. */
  readonly nodes: readonly Node[];
  /** Trained value → its gradient, same shape; in the order of {@link lastMadeFirst}. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * @throws LatheError that names the operator and node where no gradient is known, and where no path leads from a
 * trained value to the loss
 */
export function backward(request: BackwardRequest): Backward {
  const { graph, emit, loss, wrt } = request;
  if (!activeValues(sortTopologically(graph.name, graph.nodes), new Set(wrt)).has(loss)) {
    throw noPath(graph, wrt);
  }
  const known = new Map([[loss, seedOf(emit)]]);
  const { forward, written, gradients: found } = differentiate(request, { known, wrt, emit });
  const needed = nodesFor(found.values(), written);
  return { nodes: [...forward, ...needed], gradients: lastMadeFirst(found, needed) };
}

/** The last operator that a trained value comes to and whose output has no derivative, for there may be several. */
function noPath({ name, nodes }: Graph, wrt: readonly string[]): LatheError {
  const sorted = sortTopologically(name, nodes);
  const active = activeValues(sorted, new Set(wrt));
  const end = sorted.findLast((node) => isBlind(node) && readsAny(node, active));
  return new LatheError({
    who: end === undefined ? `graph "${name}"` : nodeTitle(end),
    what:
      end === undefined
        ? 'no differentiable path leads from a trained tensor to the loss: no weight that is trained has a share in the output'
        : `no differentiable path leads from a trained tensor to the loss: it ends here, since ${noGradient[operatorName(end)]}`,
    next: 'let the targets include weights behind it, or name another output in meta.json ("output")',
  });
}

/** By itself, so that what reads it can be told from what reads a constant. */
function seedOf(emit: Emitter): string {
  const name = emit.fresh('gradient-of-loss');
  emit.initializers.set(name, floatTensor(name, [], [1]));
  return name;
}

/** What stays the same from a graph to the bodies in it. */
type Setting = Pick<BackwardRequest, 'graph' | 'types' | 'bodyTypes' | 'channelBlock' | 'opset'>;

function differentiate(setting: Setting, { known, wrt, emit }: BodyRequest): Differentiated {
  const { graph } = setting;
  const nodes = sortTopologically(graph.name, graph.nodes);
  const active = activeValues(nodes, new Set(wrt));
  const replaced = new Map<string, readonly Node[]>();
  const sums = new Map([...known].map(([value, gradient]) => [value, [gradient]]));
  const give = (value: string, gradient: string) => {
    const parts = sums.get(value);
    if (parts === undefined) sums.set(value, [gradient]);
    else parts.push(gradient);
  };
  const handed = new Set<string>();
  const gradientOf = (value: string): string | null => {
    const parts = sums.get(value);
    if (parts === undefined) return null;
    const total = parts.length === 1 ? (parts[0] as string) : sumOf(emit, parts, typeOf(setting, value)?.shape ?? []);
    sums.set(value, [total]);
    handed.add(total);
    return total;
  };
  const ways: Ways = { emit, active, gradientOf, give, has: (value) => sums.has(value) };
  for (const node of [...nodes].reverse()) {
    if (!readsAny(node, active)) continue;
    if (!node.outputs.some((name) => sums.has(name))) continue;
    const context = makeContext(setting, node, ways, (with_) => replaced.set(node.name, with_));
    const found = ruleFor(node)(context);
    found.forEach((gradient, at) => {
      const input = node.inputs[at] as string;
      if (gradient !== null && active.has(input)) give(input, gradient);
    });
  }
  const gradients = new Map<string, string>();
  for (const name of wrt) {
    const gradient = gradientOf(name);
    if (gradient !== null) gradients.set(name, gradient);
  }
  return {
    forward: nodes.flatMap((node) => replaced.get(node.name) ?? [node]),
    written: forwardValuesFirst(emit.nodes, handed),
    gradients,
  };
}

/** Whether a node lies between one of the trained values and one of those that the loss is made of. */
export function betweenValues(
  graph: Graph,
  trained: readonly string[],
  learnedFrom: readonly string[],
): (node: Node) => boolean {
  const nodes = sortTopologically(graph.name, graph.nodes);
  const active = activeValues(nodes, new Set(trained));
  const wanted = new Set(learnedFrom);
  const between = new Set<string>();
  for (const node of nodes.toReversed()) {
    if (isBlind(node) || !readsAny(node, active) || !node.outputs.some((name) => wanted.has(name))) continue;
    between.add(node.name);
    for (const name of [...node.inputs, ...capturedBy(node)]) if (name !== '') wanted.add(name);
  }
  return (node) => between.has(node.name);
}

/** @param shape of each part */
function sumOf(emit: Emitter, parts: readonly string[], shape: readonly Dim[]): string {
  const whole = sumOfWindows(emit, parts, shape);
  if (whole !== null) return whole;
  if (parts.length === 2) return emit.op('Add', parts);
  return sumOfProducts(emit, parts) ?? emit.op('Sum', parts);
}

/** Windows between zeros that lie side by side along an axis and fill it are laid end to end instead: a value cut in slices. */
function sumOfWindows(emit: Emitter, parts: readonly string[], shape: readonly Dim[]): string | null {
  const makers = makersOf(emit, parts);
  const windows = makers.flatMap((maker) => windowOf(emit, maker, shape) ?? []);
  const [first] = windows;
  if (first === undefined || windows.length < parts.length) return null;
  const { axis } = first;
  windows.sort((a, b) => a.from - b.from);
  const isFilled = windows.every((window, at) => window.axis === axis && window.from === (windows[at - 1]?.to ?? 0));
  if (!isFilled || windows.at(-1)?.to !== shape[axis]) return null;
  const values = windows.map(({ value }) => value);
  return emit.op('Concat', values, { axis: attributes.int(axis) });
}

/** Where along the one axis that it pads with zeros a Pad puts its value; null where it is no such. */
function windowOf(emit: Emitter, maker: Node | undefined, shape: readonly Dim[]) {
  if (maker?.opType !== 'Pad' || maker.inputs.length !== 2 || maker.attributes.size > 0) return null;
  const pads = constantValues(emit.initializers.get(maker.inputs[1] as string));
  const axes = shape.flatMap((_, axis) => (pads?.[axis] !== 0 || pads[shape.length + axis] !== 0 ? [axis] : []));
  const [axis = -1] = axes;
  const size = shape[axis];
  if (pads === null || axes.length !== 1 || typeof size !== 'number') return null;
  const [before, behind] = [pads[axis], pads[shape.length + axis]] as [number, number];
  return { value: maker.inputs[0] as string, axis, from: before, to: size - behind };
}

/** The written node that makes each value, where there is one. */
function makersOf(emit: Emitter, values: readonly string[]): (Node | undefined)[] {
  const wanted = new Set(values);
  const makers = new Map<string, Node>();
  for (const node of emit.nodes) if (wanted.has(node.outputs[0] ?? '')) makers.set(node.outputs[0] as string, node);
  return values.map((value) => makers.get(value));
}

/**
 * Σ AᵢᵀBᵢ is one product of the rows of all Aᵢ and all Bᵢ: a weight that is read at each step of a sequence. null where a
 * part is no such product.
 */
function sumOfProducts(emit: Emitter, parts: readonly string[]): string | null {
  const products = makersOf(emit, parts);
  if (!products.every((node) => node !== undefined && isRowProduct(node))) return null;
  const rows = (at: 0 | 1) =>
    emit.op(
      'Concat',
      products.map((node) => (node as Node).inputs[at] as string),
      { axis: attributes.int(0) },
    );
  return emit.op('Gemm', [rows(0), rows(1)], { transA: attributes.int(1) });
}

function ruleFor(node: Node) {
  const rule =
    node.domain === '' || node.domain === 'ai.onnx' || node.domain === 'com.microsoft'
      ? gradients[node.opType]
      : undefined;
  if (rule !== undefined) return rule;
  const name = operatorName(node);
  const reason = noGradient[name];
  if (reason !== undefined) throw unsupported(node, reason);
  const { reason: known, next } = notWritten[name] ?? {};
  if (known !== undefined) throw unsupported(node, known, next);
  throw unsupported(node, `no gradient is known for ${name}`);
}

/** Values that depend on a trained one through float tensors. */
function activeValues(nodes: readonly Node[], wrt: ReadonlySet<string>): ReadonlySet<string> {
  const active = new Set(wrt);
  for (const node of nodes) {
    if (isBlind(node)) continue;
    if (readsAny(node, active)) for (const output of node.outputs) if (output !== '') active.add(output);
  }
  return active;
}

/** Whether a node, its bodies included, reads one of the values. */
function readsAny(node: Node, values: ReadonlySet<string>): boolean {
  return node.inputs.some((name) => values.has(name)) || [...capturedBy(node)].some((name) => values.has(name));
}

/** Operators whose outputs carry no derivative by nature: what follows does not depend on the weights smoothly. */
function isBlind(node: Node): boolean {
  return Object.hasOwn(noGradient, operatorName(node));
}

/** How a gradient is come by and handed on in one graph. */
interface Ways {
  readonly emit: Emitter;
  readonly active: ReadonlySet<string>;
  readonly gradientOf: (value: string) => string | null;
  readonly give: (value: string, gradient: string) => void;
  readonly has: (value: string) => boolean;
}

function makeContext(
  setting: Setting,
  node: Node,
  { emit, active, gradientOf, give, has }: Ways,
  replaceForward: (nodes: readonly Node[]) => void,
): GradientContext {
  const tensorType = (value: string) => {
    const type = typeOf(setting, value);
    if (type === null)
      throw new LatheError({ who: nodeTitle(node), what: `the type of "${value}" is not known`, code: 'failed' });
    return type;
  };
  return {
    node,
    emit,
    constant: (value) => constantValues(setting.graph.initializers.get(value)),
    channelBlock: setting.channelBlock ?? 0,
    opset: setting.opset ?? 18,
    replaceForward: (...with_) => replaceForward(with_),
    input: (at) => node.inputs[at] ?? '',
    output: (at) => node.outputs[at] ?? '',
    gradient: (at = 0) => gradientOf(node.outputs[at] as string) ?? emit.zerosLike(node.outputs[at] as string),
    hasGradient: (at) => has(node.outputs[at] ?? ''),
    needs: (at) => active.has(node.inputs[at] ?? ''),
    isTrained: (value) => active.has(value),
    giveGradient: give,
    differentiate: (body, request) => differentiate(bodySetting(setting, body), request),
    dtype: (value) => tensorType(value).dtype,
    shape: (value) => {
      const { shape } = tensorType(value);
      if (shape === null)
        throw unsupported(node, `the rank of "${value}" is not known`, 'fix the model’s dynamic dims first');
      return shape;
    },
  };
}

function typeOf({ graph, types }: Setting, value: string): { dtype: DType; shape: readonly Dim[] | null } | null {
  const initializer = graph.initializers.get(value);
  if (initializer !== undefined) return initializer;
  const type = types.get(value);
  return type?.kind === 'tensor' || type?.kind === 'sparse-tensor' ? type : null;
}

/** A body sees what is around it. */
function bodySetting(around: Setting, body: Graph): Setting {
  const own = around.bodyTypes?.(body) ?? new Map();
  return {
    ...around,
    graph: { ...body, initializers: new Map([...around.graph.initializers, ...body.initializers]) },
    types: new Map([...around.types, ...own]),
  };
}
