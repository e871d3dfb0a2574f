import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { readTensorBytes } from '../../../../src-main/onnx/file';
import { type Model, tensorByteLength } from '../../../../src-main/onnx/ir';
import { blockWeights } from '../../../../src-main/quantize/methods/block-weights';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { stepContext } from '../../../support/step-context';

function quantize(model: Model, options: Record<string, unknown>) {
  return blockWeights.run(model, resolveOptions(blockWeights.options, options, 'test'), {}, stepContext(model));
}

/** 72 inputs do not divide into blocks of 16 or 32; the table is the weight of the last product too. */
const layers = modelFromText(
  `g (float[N,72] x, int64[N] ids) => (float[N,32] y, float[N,32] z, float[N,300] e) {
    y = MatMul(x, w)
    z = Gemm <transB = 1> (x, v, b)
    h = Gather(table, ids)
    t = Transpose(table)
    e = MatMul(h, t)
  }`,
  [
    randomTensor('w', [72, 32], 1),
    randomTensor('v', [32, 72], 2),
    randomTensor('b', [32], 3),
    randomTensor('table', [300, 64], 4),
  ],
);

// Steps of a (2^bits − 1)-th of about 4σ, uniform errors, twice over for the product of two of them.
const tolerances = { 8: 0.012, 4: 0.15, 3: 0.3, 2: 0.6 } as const;

describe.each([8, 4, 3, 2] as const)('%i bits', (bits) => {
  it.each([
    { block: 16, zeroPoints: 'integer', algorithm: 'nearest' },
    { block: 64, zeroPoints: 'none', algorithm: 'mse' },
    { block: 256, zeroPoints: 'float', algorithm: 'k-quant' },
    { block: 32, zeroPoints: 'integer', algorithm: 'k-quant', floatActivations: true },
    { block: 32, zeroPoints: 'float', algorithm: 'hqq', floatActivations: true },
  ])('in both forms give the same outputs, near the float ones: %o', async (options) => {
    const asked = { bits: String(bits), tableBits: '8', ...options };
    const own = await quantize(layers, asked);
    const portable = await quantize(layers, { ...asked, form: 'dequantize-linear' });
    expect(own.changed).toBe(4);
    expect(portable.changed).toBe(4);
    expect(portable.model.graph.nodes.some(({ domain }) => domain !== '')).toBe(false);
    expect(own.notes.join(' ').includes('kept in 4')).toBe(bits === 3);
    // Blocks of 256 see 72 numbers in one range instead of 32 or fewer.
    const tolerance = tolerances[bits] * (options.block === 256 ? 1.5 : 1);
    await expectSameOutputs(layers, own.model, { tolerance, dims: { N: 4 } });
    await expect(expectSameOutputs(layers, own.model, { tolerance: tolerance / 50, dims: { N: 4 } })).rejects.toThrow();
    // The integer kernels round activations to 8 bits block by block: half of a 127th of the largest, in a sum of 72.
    await expectSameOutputs(portable.model, own.model, { tolerance: 0.015, dims: { N: 4 } });
  });
});

it('stores a weight once that a table and a product share', async () => {
  const { model } = await quantize(layers, { tableBits: '4' });
  const names = [...model.graph.initializers.keys()].filter((name) => name.startsWith('table_codes'));
  const stored = names.map((name) => tensorByteLength(model.graph.initializers.get(name) as never));
  expect(Math.max(...stored)).toBe((300 * 64) / 2);
  expect(stored.filter((bytes) => bytes > 100)).toHaveLength(1);
});

it('keeps what lies on a grid of 16 levels as it is', async () => {
  const w = randomTensor('w', [64, 48], 1);
  const grid = Float32Array.from({ length: 64 * 48 }, (_, i) => {
    const [input, output] = [Math.floor(i / 48), i % 48];
    const code = input % 32 < 16 ? input % 16 : (input * 7 + output) % 16;
    return 0.013 * (1 + output) * code - 0.11 * (1 + (output % 5)) + Math.floor(input / 32);
  });
  const model = modelFromText('g (float[N,64] x) => (float[N,48] y) { y = MatMul(x, w) }', [
    { ...w, data: { kind: 'inline', bytes: new Uint8Array(grid.buffer) } },
  ]);
  const automatic = await quantize(model, { floatActivations: true });
  expect(automatic.notes.join(' ')).toContain('1 weight lies on a grid of 16 levels already');
  // What float32 rounds off scales, zero points and sums of 64 products.
  await expectSameOutputs(model, automatic.model, { tolerance: 1e-5 });
  const whole = await quantize(model, { floatActivations: true, zeroPoints: 'integer' });
  await expect(expectSameOutputs(model, whole.model, { tolerance: 1e-3 })).rejects.toThrow();
});

it('makes a large weight in panels, byte for byte as in one', async () => {
  const [inputs, outputs] = [4096, 4112]; // above 2^22 elements: several panels, none of which ends in the middle
  const w = randomTensor('w', [inputs, outputs], 1);
  const model = modelFromText(`g (float[N,${inputs}] x) => (float[N,${outputs}] y) { y = MatMul(x, w) }`, [w]);
  const { model: made } = await quantize(model, { algorithm: 'nearest', zeroPoints: 'integer' });
  const half = outputs / 2;
  const right = new Float32Array(inputs * half);
  const all = new Float32Array(readTensorBytes(w).slice().buffer);
  for (let i = 0; i < inputs; i++) right.set(all.subarray(i * outputs + half, (i + 1) * outputs), i * half);
  const part = { ...w, shape: [inputs, half], data: { kind: 'inline' as const, bytes: new Uint8Array(right.buffer) } };
  const alone = modelFromText(`g (float[N,${inputs}] x) => (float[N,${half}] y) { y = MatMul(x, w) }`, [part]);
  const { model: madeAlone } = await quantize(alone, { algorithm: 'nearest', zeroPoints: 'integer' });
  for (const name of ['w_codes', 'w_scales', 'w_zero_points']) {
    const whole = readTensorBytes(made.graph.initializers.get(name) as never);
    const expected = readTensorBytes(madeAlone.graph.initializers.get(name) as never);
    expect(Buffer.compare(whole.slice(whole.length / 2), expected)).toBe(0);
  }
});
