import { expect, it } from 'vitest';
import type { Dim, Model } from '../../../src-main/onnx/ir';
import { productsWithBias } from '../../../src-main/quantize/products-with-bias';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

const modelWith = (bias: string, outputs = 'float[N,3] y', input = 'float[N,2] x') =>
  modelFromText(`g (${input}) => (${outputs}) <float[2,3] w = {1, 2, 3, 4, 5, 6}, ${bias}> {
    [product] m = MatMul(x, w)
    [sum] y = Add(m, b)
  }`);
/** @param leading dims of every value but for the last */
const after = (model: Model, leading: readonly Dim[] | null = ['N']) => ({
  ...model,
  graph: productsWithBias(model.graph, () => (leading === null ? undefined : [...leading, 0])),
});
const ops = ({ graph }: Model) => graph.nodes.map(({ opType, name }) => `${opType} ${name}`);
const kinds = ({ graph }: Model) => graph.nodes.map(({ opType }) => opType);

it.each(['float[3] b = {1, -1, 2}', 'float[1,3] b = {1, -1, 2}'])('puts %s into the product', async (bias) => {
  const model = modelWith(bias);
  expect(ops(after(model))).toEqual(['Gemm product']);
  await expectSameOutputs(model, after(model));
});

it.each<[string, Model, readonly Dim[] | null]>([
  ['a bias for the whole tensor', modelWith('float[1] b = {1}'), ['N']],
  ['a product that others read', modelWith('float[3] b = {1, 2, 3}', 'float[N,3] y, float[N,3] m'), ['N']],
  ['rows of unknown rank', modelWith('float[3] b = {1, 2, 3}'), null],
])('leaves %s', (_what, model, leading) => {
  expect(ops(after(model, leading))).toEqual(['MatMul product', 'Add sum']);
});

it('lays places out as rows, and gives them back where one dim at most is open', async () => {
  const model = modelWith('float[3] b = {1, -1, 2}', 'float[N,4,3] y', 'float[N,4,2] x');
  const made = after(model, ['N', 4]);
  expect(kinds(made)).toEqual(['Reshape', 'Gemm', 'Reshape']);
  await expectSameOutputs(model, made, { dims: { N: 3 } });
});

it.each<readonly [string, readonly Dim[]]>([
  ['named', ['N', 'L']],
  ['unnamed', [null, null]],
])('reads %s open dims from the input, once for all products', async (_what, leading) => {
  const model = modelFromText(`g (float[N,L,2] x) => (float[N,L,3] y, float[N,L,3] z)
    <float[2,3] w = {1, 2, 3, 4, 5, 6}, float[3] b = {1, -1, 2}> {
    m = MatMul(x, w)
    y = Add(m, b)
    n = MatMul(x, w)
    z = Add(b, n)
  }`);
  const made = after(model, leading);
  expect(kinds(made).sort()).toEqual(['Concat', 'Gemm', 'Gemm', 'Reshape', 'Reshape', 'Reshape', 'Shape', 'Slice']);
  await expectSameOutputs(model, made, { dims: { N: 3, L: 5 } });
});

it('stays with rows through what treats all elements alike, and goes straight to the dims that a Reshape wants', async () => {
  const model = modelFromText(`g (float[N,4,2] x) => (float[N,2,2,2] y)
    <float[2,3] w = {1, 2, 3, 4, 5, 6}, float[3] b = {1, -1, 2}, float[3,2] v = {1, 2, 3, 4, 5, 6}, float[2] c = {1, 2},
     float[3] f = {2, 3, 4}, int64[4] target = {-1, 2, 2, 2}> {
    m = MatMul(x, w)
    h = Add(m, b)
    r = Relu(h)
    s = Mul(r, f)
    n = MatMul(s, v)
    o = Add(n, c)
    y = Reshape(o, target)
  }`);
  const made = after(model, ['N', 4]);
  expect(kinds(made)).toEqual(['Reshape', 'Gemm', 'Relu', 'Mul', 'Gemm', 'Reshape']);
  await expectSameOutputs(model, made, { dims: { N: 3 } });
});

it('gives rows the dims that they had before the first product', async () => {
  const model = modelFromText(`g (float[N,L,2] x) => (float[N,L,2] y)
    <float[2,2] w = {1, 2, 3, 4}, float[2] b = {1, -1}> {
    m = MatMul(x, w)
    h = Add(m, b)
    r = Relu(h)
    n = MatMul(r, w)
    y = Add(n, b)
  }`);
  const made = after(model, [null, null]);
  expect(kinds(made).sort()).toEqual(['Concat', 'Gemm', 'Gemm', 'Relu', 'Reshape', 'Reshape', 'Shape', 'Slice']);
  await expectSameOutputs(model, made, { dims: { N: 3, L: 5 } });
});

it('gives the dims back where one reader needs them', async () => {
  const model = modelFromText(`g (float[N,4,2] x) => (float[N,4,2] y)
    <float[2,2] w = {1, 2, 3, 4}, float[2] b = {1, -1}> {
    m = MatMul(x, w)
    h = Add(m, b)
    n = MatMul(h, w)
    o = Add(n, b)
    y = Add(o, h)
  }`);
  const made = after(model, ['N', 4]);
  await expectSameOutputs(model, made, { dims: { N: 3 } });
  expect(kinds(made).filter((kind) => kind === 'Gemm')).toHaveLength(2);
});
