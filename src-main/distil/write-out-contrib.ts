/**
 * onnxruntime's fused operators written out in plain ones, so that they can be differentiated: attention and the positions
 * turned into it, embeddings, sums before norms, gelus with a bias, products of turned matrices, convolutions with their
 * activation. Weights keep their names and shapes.
 * Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
 */

import { attributes, type Dim, indexGraph, type Model, makeNode, type Node, Patch, type TypeInfo } from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { Emitter, namesOf } from './emitter';
import { unsupported } from './gradient';

const { float, floatOf, floatsOf, int, intOf, intsOf, stringOf } = attributes;

interface Site {
  readonly emit: Emitter;
  readonly node: Node;
  /** Input `at`; '' where it is absent. */
  input(at: number): string;
  /** @throws LatheError where the rank is not known */
  shape(value: string): readonly Dim[];
}

/** Gives for each output of the node the value that takes its place; null where it has none. */
type WriteOut = (site: Site) => readonly (string | null)[];

/**
 * The model with such nodes in plain operators.
 * @param isWanted which nodes; the others stay as they are
 */
export async function writeOutContrib(model: Model, isWanted: (node: Node) => boolean = () => true): Promise<Model> {
  const isFused = (node: Node) => node.domain === 'com.microsoft' && node.opType in writers && isWanted(node);
  if (!model.graph.nodes.some(isFused)) return model;
  const types = await valueTypes(model);
  const index = indexGraph(model.graph);
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const node of model.graph.nodes.filter(isFused)) {
    patch.removeNode(node.name);
    const found = (writers[node.opType] as WriteOut)(siteOf(emit, node, model, types));
    node.outputs.forEach((output, at) => {
      if (output === '') return;
      const value = found[at] ?? null;
      if (value === null) {
        if (index.consumers(output).length > 0 || index.isOutput(output))
          throw unsupported(node, `its output "${output}"`);
        return;
      }
      emit.nodes.push(makeNode('Identity', emit.fresh(`${node.name}:${output}`), [value], [output]));
    });
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

function siteOf(emit: Emitter, node: Node, model: Model, types: ReadonlyMap<string, TypeInfo>): Site {
  return {
    emit,
    node,
    input: (at) => node.inputs[at] ?? '',
    shape: (value) => {
      const initializer = model.graph.initializers.get(value);
      if (initializer !== undefined) return initializer.shape;
      const type = types.get(value);
      if (type?.kind !== 'tensor' || type.shape === null)
        throw unsupported(node, `the rank of "${value}" is not known`, 'fix the model’s dynamic dims first');
      return type.shape;
    },
  };
}

/** Y, mean, 1/deviation, X + skip + bias. */
const skipLayerNormalization: WriteOut = ({ emit, node, input }) => {
  const sum = sumOf(emit, [input(0), input(1), input(4)]);
  const attrs = { axis: int(-1), epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
  const norms = [sum, input(2), input(3)].filter((name) => name !== '');
  return [emit.op('LayerNormalization', norms, attrs), null, null, sum];
};

const skipSimplifiedLayerNormalization: WriteOut = ({ emit, node, input }) => {
  const sum = sumOf(emit, [input(0), input(1), input(3)]);
  const attrs = { axis: int(-1), epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
  return [emit.op('SimplifiedLayerNormalization', [sum, input(2)], attrs), null, null, sum];
};

const biasGelu: WriteOut = ({ emit, input }) => [
  emit.op('Gelu', [sumOf(emit, [input(0), input(1)])], {}, 'com.microsoft'),
];

/** ½x(1 + tanh(√(2/π)(x + 0.044715x³))), x with its bias. */
const fastGelu: WriteOut = ({ emit, input }) => {
  const x = sumOf(emit, [input(0), input(1)]);
  const cubic = emit.add(emit.scalar(1), emit.scale(emit.mul(x, x), 0.044715));
  const t = emit.op('Tanh', [emit.mul(emit.scale(x, Math.sqrt(2 / Math.PI)), cubic)]);
  return [emit.mul(emit.scale(x, 0.5), emit.add(emit.scalar(1), t))];
};

const fusedMatMul: WriteOut = ({ emit, node, input, shape }) => {
  if (intOf(node, 'transBatchA', 0) + intOf(node, 'transBatchB', 0) > 0)
    throw unsupported(node, 'batches that are turned with their matrices');
  const turned = (at: 0 | 1, asked: number) => {
    const rank = shape(input(at)).length;
    if (asked === 0 || rank < 2) return input(at);
    const perm = Array.from({ length: rank }, (_, axis) => axis);
    [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
    return emit.transpose(input(at), perm);
  };
  const product = emit.matmul(turned(0, intOf(node, 'transA', 0)), turned(1, intOf(node, 'transB', 0)));
  return [emit.scale(product, floatOf(node, 'alpha', 1))];
};

/** A convolution, what is added to it, and an activation with its numbers. */
const fusedConv: WriteOut = ({ emit, node, input }) => {
  const own = new Map([...node.attributes].filter(([name]) => !name.startsWith('activation')));
  const operands = [input(0), input(1), input(2)].filter((name) => name !== '');
  const sum = sumOf(emit, [emit.op('Conv', operands, Object.fromEntries(own)), input(3)]);
  const [first = 0, second = 0] = floatsOf(node, 'activation_params', []);
  const activation = stringOf(node, 'activation', '');
  if (activation === '') return [sum];
  if (activation === 'Relu' || activation === 'Tanh' || activation === 'Sigmoid') return [emit.op(activation, [sum])];
  if (activation === 'LeakyRelu') return [emit.op(activation, [sum], { alpha: float(first) })];
  if (activation === 'HardSigmoid') return [emit.op(activation, [sum], { alpha: float(first), beta: float(second) })];
  if (activation === 'Clip') return [emit.op(activation, [sum, emit.scalar(first), emit.scalar(second)])];
  throw unsupported(node, `the activation ${activation}`);
};

/**
 * Tables of words, positions and, where there are any, segments: Y, the number of marks of each row of the mask, the sum of
 * what was read.
 */
const embedLayerNormalization: WriteOut = ({ emit, node, input }) => {
  const read = (table: number, places: string) =>
    input(table) === '' || places === '' ? '' : emit.op('Gather', [input(table), places]);
  const own = () =>
    emit.op('Range', [emit.integers([0], []), emit.squeeze(emit.dimOf(input(0), 1), [0]), emit.integers([1], [])]);
  const positions = input(8) === '' ? own() : input(8);
  const sum = sumOf(emit, [read(2, input(0)), read(3, positions), read(4, input(1))]);
  const attrs = { axis: int(-1), epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
  const y = emit.op('LayerNormalization', [sum, input(5), input(6)], attrs);
  const marks = input(7) === '' ? null : emit.op('ReduceSum', [input(7), emit.integers([1])], { keepdims: int(0) });
  return [y, marks, sum];
};

/**
 * Pairs of the first r elements of each head turned by the angles of their place; x [B, S, H] or [B, heads, S, d], positions
 * [B, S] or the first one [1], cosines and sines [places, r/2].
 */
const rotaryEmbedding: WriteOut = ({ emit, node, input, shape }) => {
  const [rank, half] = [shape(input(0)).length, shape(input(2))[1]];
  if (typeof half !== 'number') throw unsupported(node, 'the width of its tables is not known');
  if (intOf(node, 'is_packed_batching', 0) !== 0) throw unsupported(node, 'sequences packed into one');
  if (floatOf(node, 'scale', 1) !== 1) throw unsupported(node, 'a scale');
  const heads = intOf(node, 'num_heads', 0);
  const split = heads === 0 ? [0, 0, -1, 2 * half] : [0, 0, heads, -1];
  const x = rank === 3 ? emit.reshape(input(0), split) : input(0);
  const [sequence, headAxis] = rank === 3 ? [1, 2] : [2, 1];
  const length = emit.squeeze(emit.dimOf(x, sequence), [0]);
  const places = emit.op('Range', [emit.integers([0], []), length, emit.integers([1], [])]);
  const isFirst = shape(input(1)).length === 1;
  const positions = isFirst ? emit.unsqueeze(emit.add(input(1), places), [0]) : input(1);
  const [cos, sin] = [2, 3].map((at) => emit.unsqueeze(emit.op('Gather', [input(at), positions]), [headAxis])) as [
    string,
    string,
  ];
  const isInterleaved = intOf(node, 'interleaved', 0) === 1;
  const part = (from: number, to: number, step = 1) => emit.slice(x, [from], [to], [-1], [step]);
  const [a, b] = isInterleaved ? [part(0, 2 * half, 2), part(1, 2 * half, 2)] : [part(0, half), part(half, 2 * half)];
  const turned = [emit.sub(emit.mul(a, cos), emit.mul(b, sin)), emit.add(emit.mul(a, sin), emit.mul(b, cos))];
  const joined = (parts: readonly string[]) => emit.op('Concat', parts, { axis: int(-1) });
  const pairs = isInterleaved
    ? emit.reshape(joined(turned.map((value) => emit.unsqueeze(value, [4]))), [0, 0, 0, 2 * half])
    : joined(turned);
  const whole = joined([pairs, part(2 * half, Number.MAX_SAFE_INTEGER)]);
  return [rank === 3 ? emit.reshapeLike(whole, input(0)) : whole];
};

/** Inputs X [B, S, D], weights [D, 3H], bias [3H], mask. */
const attention: WriteOut = (site) => {
  const { emit, node, input, shape } = site;
  if (input(4) !== '' || input(6) !== '') throw unsupported(node, 'keys and values of the past');
  if (intOf(node, 'do_rotary', 0) !== 0) throw unsupported(node, 'rotary positions inside the node');
  const width = shape(input(1))[1];
  if (typeof width !== 'number') throw unsupported(node, 'the width of its weights is not known');
  const sizes = intsOf(node, 'qkv_hidden_sizes', [width / 3, width / 3, width / 3]);
  const projected = emit.matmul(input(0), input(1));
  const biased = input(2) === '' ? projected : emit.add(projected, input(2));
  const [q, k, v] = emit.ops('Split', [biased, emit.integers(sizes)], 3, { axis: int(-1) }) as [string, string, string];
  return [attend(site, { q, k, v, width: sizes[0] as number, mask: input(3), bias: input(5) }), null];
};

/** Inputs query [B, S, H], key [B, T, H], value [B, T, V], bias [2H + V], padding mask of keys, bias of the scores. */
const multiHeadAttention: WriteOut = (site) => {
  const { emit, node, input, shape } = site;
  if (input(6) !== '' || input(7) !== '') throw unsupported(node, 'keys and values of the past');
  const inputs = [input(0), input(1), input(2)];
  const widths = inputs.map((name) => (name === '' || shape(name).length !== 3 ? null : shape(name)[2]));
  if (!widths.every((width) => typeof width === 'number'))
    throw unsupported(node, 'queries, keys and values packed together, or of unknown width');
  const biases = input(3) === '' ? null : emit.ops('Split', [input(3), emit.integers(widths)], 3, { axis: int(0) });
  const [q, k, v] = inputs.map((name, at) => (biases === null ? name : emit.add(name, biases[at] as string))) as [
    string,
    string,
    string,
  ];
  return [attend(site, { q, k, v, width: widths[0] as number, mask: input(4), bias: input(5) }), null, null];
};

interface Heads {
  /** [B, S, H], [B, T, H] and [B, T, V]. */
  readonly q: string;
  readonly k: string;
  readonly v: string;
  /** H. */
  readonly width: number;
  /** 1 where a key may be seen: [B, T], [B, S, T], or lengths [B]; '' where all may. */
  readonly mask: string;
  /** Added to the scores. */
  readonly bias: string;
}

/** softmax(q·kᵀ·scale + bias, where the mask allows)·v, head by head: [B, S, V]. */
function attend(site: Site, { q, k, v, width, mask, bias }: Heads): string {
  const { emit, node } = site;
  const heads = intOf(node, 'num_heads', 1);
  const perHead = width / heads;
  const scale = floatOf(node, 'scale', 0) || 1 / Math.sqrt(perHead);
  // [B, S, H] → [B, heads, S, H/heads]
  const split = (value: string, perm: readonly number[]) =>
    emit.transpose(emit.reshape(value, [0, 0, heads, -1]), perm);
  const scores = emit.scale(emit.matmul(split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])), scale);
  const terms = [
    scores,
    bias,
    hidden(site, mask, k),
    intOf(node, 'unidirectional', 0) === 0 ? '' : causal(site, scores),
  ];
  const weights = emit.op('Softmax', [sumOf(emit, terms)], { axis: int(-1) });
  const seen = emit.transpose(emit.matmul(weights, split(v, [0, 2, 1, 3])), [0, 2, 1, 3]);
  return emit.reshape(seen, [0, 0, -1]);
}

/** What is added to the scores [B, heads, S, T] where a key must not be seen. */
function hidden({ emit, node, shape }: Site, mask: string, k: string): string {
  if (mask === '') return '';
  const rank = shape(mask).length;
  const filter = floatOf(node, 'mask_filter_value', -10_000);
  const asScores = (allowed: string, axes: readonly number[]) =>
    emit.unsqueeze(emit.scale(emit.sub(emit.scalar(1), emit.cast(allowed, 'float32')), filter), axes);
  if (rank === 2) return asScores(mask, [1, 2]);
  if (rank === 3) return asScores(mask, [1]);
  if (rank !== 1 || node.opType === 'MultiHeadAttention') throw unsupported(node, `a mask of rank ${rank}`);
  const length = emit.squeeze(emit.dimOf(k, 1), [0]);
  const places = emit.op('Range', [emit.integers([0], []), length, emit.integers([1], [])]);
  return asScores(emit.op('Less', [places, emit.unsqueeze(emit.cast(mask, 'int64'), [1])]), [1, 2]);
}

/** [S, T]: no key behind the query's own place. */
function causal({ emit, node }: Site, scores: string): string {
  const ones = emit.op('Expand', [
    emit.scalar(floatOf(node, 'mask_filter_value', -10_000)),
    emit.op('Slice', [emit.shapeOf(scores), emit.integers([2]), emit.integers([4]), emit.integers([0])]),
  ]);
  return emit.op('Trilu', [ones, emit.integers([1], [])], { upper: int(1) });
}

function sumOf(emit: Emitter, terms: readonly string[]): string {
  return terms.filter((term) => term !== '').reduce((sum, term) => emit.add(sum, term));
}

const writers: Readonly<Record<string, WriteOut>> = {
  Attention: attention,
  BiasGelu: biasGelu,
  EmbedLayerNormalization: embedLayerNormalization,
  FastGelu: fastGelu,
  FusedConv: fusedConv,
  FusedMatMul: fusedMatMul,
  MultiHeadAttention: multiHeadAttention,
  RotaryEmbedding: rotaryEmbedding,
  SkipLayerNormalization: skipLayerNormalization,
  SkipSimplifiedLayerNormalization: skipSimplifiedLayerNormalization,
};

/** Those that are written out. */
export const fusedOps: readonly string[] = Object.keys(writers);
