import { expect, it } from 'vitest';
import { productsWithBias } from '../../../src-main/quantize/products-with-bias';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

const modelWith = (bias: string, outputs = 'float[N,3] y') =>
  modelFromText(`g (float[N,2] x) => (${outputs}) <float[2,3] w = {1, 2, 3, 4, 5, 6}, ${bias}> {
    [product] m = MatMul(x, w)
    [sum] y = Add(m, b)
  }`);
const after = (model: ReturnType<typeof modelWith>, rank = 2) => ({
  ...model,
  graph: productsWithBias(model.graph, () => rank),
});
const ops = ({ graph }: ReturnType<typeof modelWith>) => graph.nodes.map(({ opType, name }) => `${opType} ${name}`);

it.each(['float[3] b = {1, -1, 2}', 'float[1,3] b = {1, -1, 2}'])('puts %s into the product', async (bias) => {
  const model = modelWith(bias);
  expect(ops(after(model))).toEqual(['Gemm product']);
  await expectSameOutputs(model, after(model));
});

it.each([
  ['a bias for the whole tensor', modelWith('float[1] b = {1}'), 2],
  ['a product that others read', modelWith('float[3] b = {1, 2, 3}', 'float[N,3] y, float[N,3] m'), 2],
  ['rows of unknown rank', modelWith('float[3] b = {1, 2, 3}'), 3],
])('leaves %s', (_what, model, rank) => {
  expect(ops(after(model, rank))).toEqual(['MatMul product', 'Add sum']);
});
