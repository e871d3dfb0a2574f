import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { readModel, readTensor, readTensorBytes } from '../../../../src-main/onnx/file';
import { type Model, type Tensor, tensorFromArray } from '../../../../src-main/onnx/ir';
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
    await expect(quantize(model)).rejects.toThrow(
      /nothing changed: "[^"]*": onnxruntime has no fast kernel for a Conv/,
    );
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

  describe('Gemm', () => {
    it.each([
      'transA = 1',
      'alpha = 0.5',
      'alpha = -2.0, transB = 1',
      'beta = 3.0',
      'alpha = 1.5, beta = 0.5, transA = 1, transB = 1',
    ])('with %s runs on integers', async (form) => {
      const x = form.includes('transA') ? 'float[8,N] x' : 'float[N,8] x';
      const w = randomTensor('w', form.includes('transB') ? [4, 8] : [8, 4], 1);
      const model = modelFromText(`g (${x}) => (float[N,4] y) { y = Gemm <${form}> (x, w, b) }`, [
        w,
        randomTensor('b', [4], 2),
      ]);
      const { model: changed } = await quantize(model);
      expect(ops(changed)).toContain('MatMulInteger');
      expect(ops(changed)).not.toContain('Gemm');
      // As above: 8 products of two 8-bit operands.
      await expectSameOutputs(model, changed, { tolerance: 0.02 });
    });
  });

  it('holds a table that is the last layer too once', async () => {
    const model = modelFromText(
      `g (int64[1,N] ids) => (float[1,N,300] y) { h = Gather(table, ids) t = Transpose <perm = [1, 0]> (table) y = MatMul(h, t) }`,
      [randomTensor('table', [300, 64], 4)],
    );
    const { model: changed, changed: count } = await quantize(model);
    expect(count).toBe(2);
    const held = [...changed.graph.initializers.values()].filter(({ shape }) => shape.length === 2 && shape[1] === 64);
    expect(held.map(({ name, dtype }) => [name, dtype])).toEqual([['table_codes', 'int8']]);
    // 64 products of two 8-bit operands; their errors add up as √64 of one.
    await expectSameOutputs(model, changed, { tolerance: 0.02 });
  });

  const lstm = (direction: string, tail = 'float[T,D,N,6] y') =>
    modelFromText(
      `g (float[T,N,5] x) => (${tail}) { y, h, c = LSTM <hidden_size = 6, direction = "${direction}"> (x, w, r, b) }`,
      (direction === 'bidirectional' ? [2] : [1]).flatMap((directions) => [
        randomTensor('w', [directions, 24, 5], 1, 0.5),
        randomTensor('r', [directions, 24, 6], 2, 0.5),
        randomTensor('b', [directions, 48], 3, 0.5),
      ]),
    );

  describe.each(['per-channel', 'per-tensor'])('LSTM, %s', (granularity) => {
    it.each(['forward', 'reverse', 'bidirectional'])('%s gives nearly what the float one gives', async (direction) => {
      const model = lstm(direction);
      const { model: changed } = await quantize(model, { granularity });
      expect(ops(changed)).toEqual(['DynamicQuantizeLSTM']);
      expect(changed.opsets.get('com.microsoft')).toBe(1);
      expect(codes(changed, 'w_codes')).toHaveLength(24 * 5 * (direction === 'bidirectional' ? 2 : 1));
      // Gates see sums of 11 products of two 8-bit operands, each within 1/254 of its largest; twice that for one scale.
      const close = { tolerance: granularity === 'per-channel' ? 0.02 : 0.04, dims: { T: 4, N: 3 } };
      await expectSameOutputs(model, changed, close);
      const wrong = { ...changed, graph: { ...changed.graph, initializers: new Map(changed.graph.initializers) } };
      const scale = wrong.graph.initializers.get('r_scale') as Tensor;
      const doubled = (readTensor(scale).data as Float32Array).map((value) => 2 * value);
      const array = { dtype: 'float32' as const, shape: scale.shape, data: doubled };
      wrong.graph.initializers.set('r_scale', tensorFromArray('r_scale', array));
      await expect(expectSameOutputs(model, wrong, close)).rejects.toThrow();
    });
  });

  it('goes into an LSTM in the body of an If', async () => {
    const inner = lstm('forward').graph;
    const model = modelFromText(
      `g (bool yes, float[T,N,5] x) => (float[T,D,N,6] z) {
        z = If (yes) <
          then_branch = one () => (float[T,D,N,6] y) { y, h, c = LSTM <hidden_size = 6> (x, w, r, b) },
          else_branch = two () => (float[T,D,N,6] q) { q, h2, c2 = LSTM <hidden_size = 6, direction = "reverse"> (x, w, r, b) }
        >
      }`,
      [...inner.initializers.values()],
    );
    const { model: changed, changed: count } = await quantize(model);
    expect(count).toBe(2);
    await expectSameOutputs(model, changed, { tolerance: 0.02, dims: { T: 4, N: 3 } });
  });

  it('says that onnxruntime has no integer GRU', async () => {
    const model = modelFromText('g (float[T,N,2] x) => (float[T,D,N,2] y) { y = GRU <hidden_size = 2> (x, w, r) }', [
      randomTensor('w', [1, 6, 2], 1),
      randomTensor('r', [1, 6, 2], 2),
    ]);
    await expect(quantize(model)).rejects.toThrow(/no integer GRU/);
  });

  it.each(['per-channel', 'per-tensor'])('makes Attention of onnxruntime a QAttention, %s', async (granularity) => {
    const model = modelFromText(
      `<ir_version: 9, opset_import: ["" : 17, "com.microsoft" : 1]> g (float[N,S,16] x) => (float[N,S,16] y) {
        y = com.microsoft.Attention <num_heads = 4> (x, w, b)
      }`,
      [randomTensor('w', [16, 48], 1, 0.3), randomTensor('b', [48], 2, 0.3)],
    );
    const { model: changed } = await quantize(model, { granularity });
    expect(ops(changed)).toEqual(['DynamicQuantizeLinear', 'QAttention']);
    // 16 products of two 8-bit operands before the softmax.
    await expectSameOutputs(model, changed, { tolerance: 0.03, dims: { N: 2, S: 5 } });
  });

  it('works out weights that are computed from constants first', async () => {
    const model = modelFromText(
      'g (float[1,2] x) => (float[1,2] y) <int8[2,2] q = {1, 2, 3, 127}, float[1] s = {0.5}> { c = Cast <to = 1> (q) w = Mul(c, s) y = MatMul(x, w) }',
    );
    const { model: changed, notes } = await quantize(model, { granularity: 'per-tensor' });
    expect(notes.join(' ')).toMatch(/Before: computed 2 nodes whose inputs never change/);
    expect(codes(changed, 'w_codes')).toEqual([1, 2, 3, 127]);
  });

  it('leaves what is quantized already, and says so', async () => {
    const model = modelFromText(
      'g (float[1,2] x) => (float[1,2] y) <int8[2,2] q = {1, 2, 3, 4}, float s = {0.5}> { w = DequantizeLinear(q, s) y = MatMul(x, w) }',
    );
    await expect(quantize(model)).rejects.toThrow(/nothing changed: "[^"]*": already quantized/);
  });

  it('goes into the body of a Loop, with weights of the graph around it', async () => {
    const model = modelFromText(
      `g (int64 count, bool go, float[N,8] x) => (float[N,8] y) {
        y = Loop (count, go, x) <body = b (int64 i, bool c, float[N,8] s) => (bool d, float[N,8] t) { d = Identity(c) p = MatMul(s, w) t = Tanh(p) }>
      }`,
      [randomTensor('w', [8, 8], 1, 0.3)],
    );
    const { model: changed, changed: count } = await quantize(model);
    expect(count).toBe(1);
    expect([...changed.graph.initializers.values()].some(({ dtype }) => dtype === 'float32')).toBe(false);
    const feeds = {
      count: { dtype: 'int64' as const, shape: [], data: BigInt64Array.of(3n) },
      go: { dtype: 'bool' as const, shape: [], data: Uint8Array.of(1) },
    };
    // Three times 8 products of two 8-bit operands.
    await expectSameOutputs(model, changed, { tolerance: 0.05, feeds });
  });
});
