import { describe, expect, it } from 'vitest';
import { multiplyTables } from '../../../src-main/distil/multiply-tables';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';

const weights = [randomTensor('table', [5, 4], 1), randomTensor('w', [4, 3], 2), randomTensor('b', [3], 3)];
const model = (lines: string, outputs = 'float[R, 3] y') =>
  modelFromText(
    `<ir_version: 9, opset_import: ["" : 18]> g (int64[N, 6] ids) => (${outputs})
     <int64[2] rows = {-1, 4}, int64[2] pairs = {-1, 8}> { ${lines} }`,
    [...weights, randomTensor('w2', [8, 3], 4), randomTensor('eachBias', [12, 3], 5)],
  );
const ids = [0, 4, -1, 2, 2, 1, 3, 0, -5, 1, 4, 4];
const feeds = { ids: { dtype: 'int64' as const, shape: [2, 6], data: BigInt64Array.from(ids, BigInt) } };
/** Operators of the model as it is rewritten for 2 rows of 6 words of a table of 5; the outputs stay. */
const rewritten = async (before: ReturnType<typeof modelFromText>, batch = 2) => {
  const after = await multiplyTables(before, batch);
  // Four products of float32, perhaps summed in another order.
  await expectSameOutputs(before, after, { tolerance: 1e-6, feeds });
  return after.graph.nodes.map((node) => node.opType);
};
const plain = 'x = Gather(table, ids) r = Reshape(x, rows) y = Gemm(r, w, b)';

describe('multiplyTables', () => {
  it('multiplies each row of a table once, and takes the rows then', async () => {
    expect((await rewritten(model(plain))).slice(-3)).toEqual(['Gemm', 'Reshape', 'Gather']);
  });

  it('takes them in the order in which the products were', async () => {
    const lines = 'e = Gather(table, ids) x = Transpose<perm = [1, 0, 2]>(e) r = Reshape(x, rows) y = Gemm(r, w)';
    expect((await rewritten(model(lines))).slice(-4)).toEqual(['Transpose', 'Gemm', 'Reshape', 'Gather']);
  });

  it('tells the shape of what is no longer taken, once for two products', async () => {
    const lines = `e = Gather(table, ids) x = Transpose<perm = [1, 0, 2]>(e) s = Shape(x) r = Reshape(x, rows)
                   y = Gemm(r, w, b) z = Gemm(r, w)`;
    const ops = await rewritten(model(lines, 'float[R, 3] y, float[R, 3] z, int64[3] s'));
    expect(ops.filter((op) => op === 'Concat')).toHaveLength(1);
    expect(ops.filter((op) => op === 'Gather')).toHaveLength(3);
  });

  it('leaves a table of which a batch takes fewer than two places a row', async () => {
    expect(await rewritten(model(plain), 1)).toEqual(['Gather', 'Reshape', 'Gemm']);
  });

  it('leaves products of other rows than those of the table, or whose bias is not the same for all', async () => {
    const pairs = 'x = Gather(table, ids) r = Reshape(x, pairs) y = Gemm(r, w2)';
    expect(await rewritten(model(pairs))).toEqual(['Gather', 'Reshape', 'Gemm']);
    const turned = 'e = Gather(table, ids) x = Transpose<perm = [0, 2, 1]>(e) r = Reshape(x, rows) y = Gemm(r, w)';
    expect(await rewritten(model(turned))).toContain('Gather');
    expect((await rewritten(model(turned))).at(-1)).toBe('Gemm');
    const biased = 'x = Gather(table, ids) r = Reshape(x, rows) y = Gemm(r, w, eachBias)';
    expect(await rewritten(model(biased))).toEqual(['Gather', 'Reshape', 'Gemm']);
  });
});
