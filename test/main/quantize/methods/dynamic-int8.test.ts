import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { readModel, readTensor, readTensorBytes } from '../../../../src-main/onnx/file';
import { type Model, tensorFromArray } from '../../../../src-main/onnx/ir';
import { subgraphsOf } from '../../../../src-main/onnx/ir/attributes';
import { dynamicInt8 } from '../../../../src-main/quantize/methods/dynamic-int8';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { float32 } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';

const quantize = (model: Model, options: Record<string, unknown> = {}, targets = {}) =>
  dynamicInt8.run(model, resolveOptions(dynamicInt8.options, options, 'test'), targets, stepContext(model));

const codes = (model: Model, name: string) => {
  const tensor = model.graph.initializers.get(name);
  return tensor === undefined ? undefined : [...(readTensor(tensor).data as Int8Array)];
};
const ops = (model: Model) => model.graph.nodes.map((node) => node.opType);

describe('dynamic-int8', () => {
  it('gives the codes that follow by hand, and the chain that the runtime fuses', async () => {
    const model = modelFromText(`g (float[N,2] x) => (float[N,3] y)
      <float[2,3] w = {1, -2, 0.5, 0.3, 1.1, -0.2}> { y = MatMul(x, w) }`);
    const { model: changed } = await quantize(model);
    expect(codes(changed, 'w_codes')).toEqual([127, -127, 127, 38, 70, -51]);
    expect(ops(changed).sort()).toEqual(['Cast', 'DynamicQuantizeLinear', 'MatMulInteger', 'Mul', 'Mul']);
    // x of 0 … 2.55 has a step of 0.01: [1, 2.55] is on the grid. Each product is off by half a step of its weight.
    await expectSameOutputs(model, changed, {
      feeds: { x: float32([1, 2], [1, 2.55]) },
      tolerance: (0.5 * (2 / 127) * 3.55) / 2.35,
    });
  });

  it('quantizes an activation once for all its readers, and adds a Gemm bias in float', async () => {
    const model = modelFromText(
      `g (float[N,8] x) => (float[N,4] y, float[N,4] z) {
        y = MatMul(x, w)
        z = Gemm <transB = 1> (x, v, b)
      }`,
      [randomTensor('w', [8, 4], 1), randomTensor('v', [4, 8], 2), randomTensor('b', [4], 3)],
    );
    const { model: changed, eligible } = await quantize(model);
    expect(eligible).toBe(2);
    expect(ops(changed).filter((op) => op === 'DynamicQuantizeLinear')).toHaveLength(1);
    // 8 products of two 8-bit operands, each within half of its step of about 1 / 127 and 1 / 255 of the largest.
    await expectSameOutputs(model, changed, { tolerance: 0.02 });
  });

  it('stores a table with a scale for each row', async () => {
    const model = modelFromText(`g (int64[N] ids) => (float[N,64] y) { y = Gather(table, ids) }`, [
      randomTensor('table', [300, 64], 4),
    ]);
    const { model: changed } = await quantize(model);
    expect(ops(changed).sort()).toEqual(['Cast', 'Gather', 'Gather', 'Mul']);
    // Half a step of a row whose largest is below 4; each row holds a number above 2.
    await expectSameOutputs(model, changed, { tolerance: 4 / 254 / 2 });
  });

  it('reaches into the bodies of If, and reads a weight through Transpose', async () => {
    const model = modelFromText(
      `g (float[2,3] x, bool c) => (float[2,3] y) {
        t = Transpose <perm = [1, 0]> (w)
        y = If (c) <
          then_branch = a () => (float[2,3] p) { p = MatMul(x, t) },
          else_branch = b () => (float[2,3] q) { q = MatMul(x, w) }
        >
      }`,
      [randomTensor('w', [3, 3], 5)],
    );
    const { model: changed, changed: count } = await quantize(model);
    expect(count).toBe(2);
    const inner = subgraphsOf(changed.graph.nodes.find((node) => node.opType === 'If') as never);
    expect(inner.map(({ graph }) => graph.nodes.some((node) => node.opType === 'MatMulInteger'))).toEqual([true, true]);
    const x = float32([2, 3], [0.5, -1, 0.25, 1, 2, -0.5]);
    for (const truth of [0, 1])
      await expectSameOutputs(model, changed, {
        feeds: { x, c: { dtype: 'bool', shape: [], data: Uint8Array.of(truth) } },
        tolerance: 0.02,
      });
  });

  it('leaves convolutions alone and says why', async () => {
    const model = modelFromText('g (float[1,1,2,2] x) => (float[1,1,2,2] y) { y = Conv(x, w) }', [
      randomTensor('w', [1, 1, 1, 1], 1),
    ]);
    await expect(quantize(model)).rejects.toThrow(/nothing changed: 1 × onnxruntime has no fast kernel for a Conv/);
  });

  it('keeps to its targets', async () => {
    const model = modelFromText('g (float[1,2] x) => (float[1,2] y) { [a] h = MatMul(x, w) [b] y = MatMul(h, w) }', [
      randomTensor('w', [2, 2], 1),
    ]);
    const { changed, skipped } = await quantize(model, {}, { exclude: ['b'] });
    expect(changed).toBe(1);
    expect(skipped).toEqual([{ node: 'b', reason: 'not among the targets' }]);
  });

  it('makes the same bytes again', async () => {
    const path = fileURLToPath(new URL('../../../models/langid-transformer/model.onnx', import.meta.url));
    const model = await readModel(path);
    const [first, second] = [await quantize(model), await quantize(model)];
    const bytes = ({ model: made }: typeof first) =>
      [...made.graph.initializers.values()].map((tensor) =>
        createHash('sha256').update(readTensorBytes(tensor)).digest('hex'),
      );
    expect(bytes(first)).toEqual(bytes(second));
    expect(first.model.graph.nodes).toEqual(second.model.graph.nodes);
  });

  it('refuses weights that are not float32 with a sentence', async () => {
    const half = tensorFromArray('w', { dtype: 'float16', shape: [2, 2], data: new Uint16Array(4) });
    const model = modelFromText('g (float16[1,2] x) => (float16[1,2] y) { y = MatMul(x, w) }', [half]);
    await expect(quantize(model)).rejects.toThrow(/its weight is float16, not float32/);
  });
});
