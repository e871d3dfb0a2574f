/**
 * What opsets 2 to 7 changed: attributes became inputs, types are told by number instead of by name, and operators
 * broadcast by matching dims from the back, where before an attribute said at which axis the second input starts.
 * Source: the operator changelog of ONNX, https://github.com/onnx/onnx/blob/main/docs/Changelog.md.
 */

import { readTensor } from '../onnx/file';
import { attributes, type DType, dtypeCode, makeNode, type Node } from '../onnx/ir';
import { changed, type Rewriting, type Rule, type Rules } from './opset-rule';

const { intOf, intsOf, floatOf, stringOf } = attributes;

const dropping =
  (...names: readonly string[]): Rule =>
  (node) =>
    names.some((name) => node.attributes.has(name)) ? [changed(node, { drop: names })] : [node];

/** B's dims stood at A's from `axis` on; from 7 on they stand at its last ones, so that ones go behind them. */
const alignedBroadcast: Rule = (node, at) => {
  const [a, b] = node.inputs as [string, string];
  const drop = ['axis', 'broadcast', 'consumed_inputs'];
  const axis = intOf(node, 'axis', undefined);
  if (intOf(node, 'broadcast', 0) !== 1 || axis === undefined) return dropping(...drop)(node, at);
  const [rank, own] = [at.rankOf(a), at.rankOf(b)];
  if (rank === undefined || own === undefined) return at.refuse('the rank of what it broadcasts is not known');
  const behind = rank - (axis < 0 ? axis + rank : axis) - own;
  if (behind <= 0) return [changed(node, { drop })];
  const aligned = withOnesBehind(b, own, behind, at);
  return [changed(node, { inputs: [a, aligned.value], drop }), ...aligned.nodes];
};

function withOnesBehind(value: string, rank: number, count: number, at: Rewriting): { value: string; nodes: Node[] } {
  const tensor = at.constantOf(value);
  if (tensor !== undefined) {
    const shape = [...tensor.shape, ...new Array<number>(count).fill(1)];
    return { value: at.constant('aligned', (name) => ({ ...tensor, name, shape })), nodes: [] };
  }
  const aligned = at.value('aligned');
  const axes = attributes.ints(Array.from({ length: count }, (_, index) => rank + index));
  return { value: aligned, nodes: [makeNode('Unsqueeze', aligned, [value], [aligned], { axes })] };
}

/** One slope a channel stood at axis 1. */
const slopePerChannel: Rule = (node, at) => {
  const [x, slope] = node.inputs as [string, string];
  const rank = at.rankOf(x);
  const shape = at.constantOf(slope)?.shape;
  if (shape?.length === 1 && shape[0] === 1) return [node];
  if (rank === undefined) return at.refuse('the rank of its input is not known');
  if (rank <= 2 || at.rankOf(slope) !== 1) return [node];
  const aligned = withOnesBehind(slope, 1, rank - 2, at);
  return [changed(node, { inputs: [x, aligned.value] }), ...aligned.nodes];
};

const typeByNumber: Rule = (node, at) => {
  if (node.attributes.get('to')?.type !== 'string') return [node];
  const name = stringOf(node, 'to', '');
  const dtype = typeNames[name.toUpperCase()];
  if (dtype === undefined) return at.refuse(`it casts to "${name}"`);
  return [changed(node, { set: { to: attributes.int(dtypeCode(dtype)) } })];
};

/** TensorProto.DataType as far as opset 5 had it. */
const typeNames: Readonly<Record<string, DType>> = {
  FLOAT: 'float32',
  UINT8: 'uint8',
  INT8: 'int8',
  UINT16: 'uint16',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  BOOL: 'bool',
  FLOAT16: 'float16',
  DOUBLE: 'float64',
  UINT32: 'uint32',
  UINT64: 'uint64',
};

const shapeToInput: Rule = (node, at) => {
  const shape = intsOf(node, 'shape', []);
  const inputs = [node.inputs[0] as string, at.int64s('shape', shape)];
  return [changed(node, { inputs, drop: ['shape', 'consumed_inputs'] })];
};

/** Tile 1 repeated along one axis. */
const repeatsOfAll: Rule = (node, at) => {
  const [x, tiles, axis] = node.inputs as [string, string, string];
  const [count, where] = [tiles, axis].map((name) => {
    const tensor = at.constantOf(name);
    return tensor === undefined ? undefined : Number(readTensor(tensor).data[0]);
  });
  const rank = at.rankOf(x);
  if (count === undefined || where === undefined || rank === undefined)
    return at.refuse('how often and where it repeats is computed');
  const repeats = new Array<number>(rank).fill(1);
  repeats[where < 0 ? where + rank : where] = count;
  return [changed(node, { inputs: [x, at.int64s('repeats', repeats)] })];
};

const splitToAttribute: Rule = (node, at) => {
  const name = node.inputs[1] ?? '';
  if (name === '') return [node];
  const tensor = at.constantOf(name);
  if (tensor === undefined) return at.refuse('the sizes of its parts are computed');
  const sizes = Array.from(readTensor(tensor).data as Float32Array, Number);
  return [changed(node, { inputs: node.inputs.slice(0, 1), set: { split: attributes.ints(sizes) } })];
};

const wholeNorm: Rule = (node, at) => {
  if (node.attributes.get('p')?.type !== 'float') return [node];
  const p = floatOf(node, 'p', 2);
  if (!Number.isInteger(p)) return at.refuse(`its norm is ${p}, no whole number`);
  return [changed(node, { set: { p: attributes.int(p) } })];
};

const padsAttribute: Rule = (node) => [
  changed(node, { drop: ['paddings'], set: { pads: attributes.ints(intsOf(node, 'paddings', [])) } }),
];

const scalesOfAll: Rule = (node) => {
  if (node.attributes.has('scales')) return [node];
  const scales = [1, 1, floatOf(node, 'height_scale', 1), floatOf(node, 'width_scale', 1)];
  return [changed(node, { drop: ['height_scale', 'width_scale'], set: { scales: attributes.floats(scales) } })];
};

const atInference: Rule = (node, at) => {
  if (intOf(node, 'is_test', 0) === 0 || node.outputs.slice(1).some((name) => name !== ''))
    at.refuse('it is in training form');
  return [changed(node, { drop: ['is_test', 'consumed_inputs'] })];
};

/** Hints where results may be written, which nothing reads any more. */
const withoutHints = dropping('consumed_inputs');

const hinted = [
  ...['Abs', 'BatchNormalization', 'Ceil', 'Clip', 'Dropout', 'Elu', 'Exp', 'Floor', 'HardSigmoid'],
  ...['InstanceNormalization', 'LeakyRelu', 'Log', 'Max', 'Mean', 'Min', 'Neg', 'PRelu', 'Reciprocal', 'Relu', 'Selu'],
  ...['Sigmoid', 'Sqrt', 'Sum', 'Tanh'],
];
const arithmetic = ['Add', 'Div', 'Mul', 'Pow', 'Sub'];
const logical = ['And', 'Equal', 'Greater', 'Less', 'Or', 'Xor'];
const every = (ops: readonly string[], rule: Rule): Record<string, Rule> =>
  Object.fromEntries(ops.map((op) => [op, rule]));

const upTo6: Rules = {
  2: { GlobalLpPool: wholeNorm, LpPool: wholeNorm, Pad: padsAttribute, Split: splitToAttribute },
  4: {
    Concat: (node) => (node.attributes.has('axis') ? [node] : [changed(node, { set: { axis: attributes.int(1) } })]),
  },
  5: { Reshape: shapeToInput },
  6: { ...every(hinted, withoutHints), Cast: typeByNumber, Tile: repeatsOfAll },
};

const recurrent = dropping('output_sequence');

const at7 = {
  BatchNormalization: atInference,
  Dropout: atInference,
  Gemm: dropping('broadcast'),
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  Upsample: scalesOfAll,
};

export const legacyRules: Rules = {
  ...upTo6,
  7: { ...at7, ...every([...arithmetic, ...logical], alignedBroadcast), PRelu: slopePerChannel },
};

/** A node that gives the rank and type of what it replaces. */
const like: Rule = (node) => [{ ...makeNode('Identity', node.name, node.inputs.slice(0, 1), node.outputs) }];
const boolsLike: Rule = (node) => [
  makeNode('Cast', node.name, node.inputs.slice(0, 1), node.outputs, { to: attributes.int(dtypeCode('bool')) }),
];

/** For a model that tells the ranks of another: what needs to know them itself only gives out a value of the same rank. */
export const rankRules: Rules = {
  ...upTo6,
  6: { ...upTo6[6], Tile: like },
  7: { ...at7, ...every(arithmetic, like), ...every(logical, boolsLike), PRelu: like },
};
