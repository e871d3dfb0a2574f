import { describe, expect, it } from 'vitest';
import { addBiasInProduct } from '../../../src-main/distil/add-bias-in-product';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';

const weights = [randomTensor('w', [4, 3], 1), randomTensor('turned', [3, 4], 2), randomTensor('b', [3], 3)];
const model = (lines: string, outputs = 'float[N, 2, 3] y') =>
  modelFromText(`<ir_version: 9, opset_import: ["" : 18]> g (float[N, 2, 4] x) => (${outputs}) { ${lines} }`, weights);
const rewritten = async (before: ReturnType<typeof modelFromText>, learnedFrom: string[] = []) => {
  const after = await addBiasInProduct(before, learnedFrom);
  // Four products of float32 summed in another order.
  await expectSameOutputs(before, after, { tolerance: 1e-6 });
  return after.graph.nodes.map((node) => node.opType);
};

describe('addBiasInProduct', () => {
  it('makes one Gemm over the rows of a product and its bias', async () => {
    expect(await rewritten(model('h = MatMul(x, w)  y = Add(b, h)'))).toEqual(['Reshape', 'Gemm', 'Reshape']);
  });

  it('lays rows out once for all products that read them', async () => {
    const two = model('h = MatMul(x, w)  f = Add(h, b)  k = MatMul(x, w)  s = Add(k, b)  y = Mul(f, s)');
    expect((await rewritten(two)).filter((op) => op === 'Reshape')).toHaveLength(3);
  });

  it('reads a transposed matrix as it was', async () => {
    const after = await addBiasInProduct(model('t = Transpose(turned)  h = MatMul(x, t)  y = Add(h, b)'), []);
    expect(after.graph.nodes.find((node) => node.opType === 'Gemm')?.inputs[1]).toBe('turned');
    await expectSameOutputs(model('t = Transpose(turned)  h = MatMul(x, t)  y = Add(h, b)'), after, {
      tolerance: 1e-6,
    });
  });

  it('leaves a product that something else reads, or that is learned from', async () => {
    const before = model('h = MatMul(x, w)  y = Add(h, b)');
    expect(await rewritten(before, ['h'])).toEqual(['MatMul', 'Add']);
    const read = model('h = MatMul(x, w)  s = Add(h, b)  y = Mul(h, s)');
    expect(await rewritten(read)).toEqual(['MatMul', 'Add', 'Mul']);
  });

  it('leaves a shift that is no vector of the columns', async () => {
    const shifted = model('h = MatMul(x, w)  k = MatMul(x, w)  y = Add(h, k)');
    expect(await rewritten(shifted)).toEqual(['MatMul', 'MatMul', 'Add']);
  });
});
