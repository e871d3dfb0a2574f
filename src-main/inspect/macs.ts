/**
 * Multiply–accumulates of one node: only products with a sum behind them (convolutions, matrix products, recurrent
 * cells, attention) count; elementwise work and normalisations do not. Padding counts as if it were data, as in the
 * usual tables of papers.
 */

import { attributes, type Node } from '../onnx/ir';

const { intOf, stringOf } = attributes;

/** All sizes known; undefined where a dim or the rank is not. */
export type ShapeOf = (value: string) => readonly number[] | undefined;
type Rule = (node: Node, shape: (input: number) => readonly number[], output: readonly number[]) => number;

/** Thrown inside rules where a shape that they need is not known; never leaves this file. */
class UnknownShape extends Error {}

const product = (dims: readonly number[]): number => dims.reduce((total, dim) => total * dim, 1);
const at = (dims: readonly number[], axis: number): number => {
  const dim = dims.at(axis);
  if (dim === undefined) throw new UnknownShape();
  return dim;
};

/** Each output element sums over the weight's [channels in a group, ...kernel]. */
const conv =
  (weight: number): Rule =>
  (_node, shape, output) =>
    product(output) * product(shape(weight).slice(1));

/** Each input element is spread over the weight's [channels out a group, ...kernel]. */
const convTranspose: Rule = (_node, shape) => product(shape(0)) * product(shape(1).slice(1));

/** A [..., M, K] · B [..., K, N]; each output element sums over K. */
const matMul: Rule = (_node, shape, output) => product(output) * at(shape(0), -1);

const gemm: Rule = (node, shape, output) => product(output) * at(shape(0), intOf(node, 'transA', 0) === 1 ? -2 : -1);

/** X [..., input], W [directions, gates, input], R [directions, gates, hidden]. */
const recurrent: Rule = (_node, shape) => {
  const x = shape(0);
  return (product(x) / at(x, -1)) * (product(shape(1)) + product(shape(2)));
};

/** Weight-only products: K and N are attributes, the weight is packed. */
const matMulNBits: Rule = (node, shape) => {
  const x = shape(0);
  const k = intOf(node, 'K', undefined) ?? at(x, -1);
  const n = intOf(node, 'N', undefined);
  if (n === undefined) throw new UnknownShape();
  return (product(x) / at(x, -1)) * k * n;
};

/** Every distinct index is a loop. */
const einsum: Rule = (node, shape) => {
  const equation = stringOf(node, 'equation', '').replaceAll(' ', '');
  const terms = (equation.split('->')[0] ?? '').split(',');
  if (terms.length < 2) return 0;
  const sizes = new Map<string, number>();
  let dotted = 1;
  for (const [operand, term] of terms.entries()) {
    const dims = [...shape(operand)];
    const [before = '', after] = term.split('...');
    const named = after === undefined ? before : before + after;
    const extra = dims.splice(before.length, dims.length - named.length);
    dotted = Math.max(dotted, product(extra));
    for (const [axis, letter] of [...named].entries())
      sizes.set(letter, Math.max(sizes.get(letter) ?? 1, at(dims, axis)));
  }
  return dotted * product([...sizes.values()]);
};

/** com.microsoft.Attention: input [batch, sequence, in], weight [in, q + k + v]; projections, scores and sums. */
const fusedAttention: Rule = (node, shape) => {
  const [batch, sequence, width] = [at(shape(0), 0), at(shape(0), 1), at(shape(0), 2)];
  const projected = at(shape(1), 1);
  const [q, , v] = attributes.intsOf(node, 'qkv_hidden_sizes', undefined) ?? [projected / 3, 0, projected / 3];
  return batch * sequence * (width * projected + sequence * ((q as number) + (v as number)));
};

/** Q [batch, q, d] against K [batch, k, d] and V [batch, k, v], heads inside d, or [batch, heads, rows, d]. */
const attention: Rule = (_node, shape) => {
  const [query, key, value] = [shape(0), shape(1), shape(2)];
  return product(query) * at(key, -2) + (product(query) / at(query, -1)) * at(key, -2) * at(value, -1);
};

const rules: Readonly<Record<string, Rule>> = {
  Attention: attention,
  Conv: conv(1),
  ConvInteger: conv(1),
  ConvTranspose: convTranspose,
  DeformConv: conv(1),
  Einsum: einsum,
  GRU: recurrent,
  Gemm: gemm,
  LSTM: recurrent,
  MatMul: matMul,
  MatMulInteger: matMul,
  QLinearConv: conv(3),
  QLinearMatMul: matMul,
  RNN: recurrent,
  'com.microsoft.Attention': fusedAttention,
  'com.microsoft.DynamicQuantizeLSTM': recurrent,
  'com.microsoft.DynamicQuantizeMatMul': matMul,
  'com.microsoft.FusedConv': conv(1),
  'com.microsoft.FusedGemm': gemm,
  'com.microsoft.FusedMatMul': (node, shape, output) =>
    product(output) * at(shape(0), intOf(node, 'transA', 0) === 1 ? -2 : -1),
  'com.microsoft.MatMulBnb4': matMulNBits,
  'com.microsoft.MatMulIntegerToFloat': matMul,
  'com.microsoft.MatMulNBits': matMulNBits,
  'com.microsoft.MultiHeadAttention': attention,
  'com.microsoft.NhwcFusedConv': conv(1),
  'com.microsoft.QAttention': fusedAttention,
  'com.microsoft.QGemm': gemm,
  'com.microsoft.QLinearConv': conv(3),
};

function ruleOf(node: Node): Rule | undefined {
  return rules[node.domain === '' || node.domain === 'ai.onnx' ? node.opType : `${node.domain}.${node.opType}`];
}

/** Operators that multiply and accumulate, with their domain outside the standard. */
export const macsOps: readonly string[] = Object.keys(rules);

/** Whether nodes of this type multiply and accumulate. */
export function hasMacs(node: Node): boolean {
  return ruleOf(node) !== undefined;
}

/** Multiply–accumulates of one run of the node; 0 for ops that do none, null where a shape is not known. */
export function macsOf(node: Node, shapeOf: ShapeOf): number | null {
  const rule = ruleOf(node);
  if (rule === undefined) return 0;
  const known = (value: string | undefined): readonly number[] => {
    const shape = value === undefined ? undefined : shapeOf(value);
    if (shape === undefined) throw new UnknownShape();
    return shape;
  };
  try {
    const output = node.outputs.find((name) => name !== '');
    return rule(node, (input) => known(node.inputs[input]), known(output));
  } catch (thrown) {
    if (thrown instanceof UnknownShape) return null;
    throw thrown;
  }
}
