import { describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../../../src-main/contract';
import { readTensor } from '../../../../src-main/onnx/file';
import type { Model, NdArray, Tensor } from '../../../../src-main/onnx/ir';
import { openSession } from '../../../../src-main/onnx/session';
import { calibrationData } from '../../../../src-main/quantize/calibration-data';
import { staticInt8 } from '../../../../src-main/quantize/methods/static-int8';
import { smooth } from '../../../../src-main/quantize/preparations/smooth';
import { relativeError } from '../../../../src-main/quantize/sensitivity';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { float32 } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';
import { tinyDataset } from '../../../support/tiny-dataset';

const rows = 64;
/** Numbers from −1 to 1, but for channel 3, which is a hundred times as large. */
function outliers(seed: number): NdArray<'float32'> {
  const element = (_: unknown, at: number): number => Math.sin(seed + at * at) * (at % 8 === 3 ? 100 : 1);
  return float32([rows, 8], Float32Array.from({ length: rows * 8 }, element));
}

async function smoothed(model: Model, x: NdArray) {
  const dataset = await tinyDataset(model, { x });
  const data = calibrationData(stepContext(model, { dataset }), 'test', 1000);
  return smooth.run(model, { ...unwatched(), data, admits: () => true });
}

const ops = (model: Model) => model.graph.nodes.map(({ opType }) => opType);
const floats = (model: Model, name: string) => [
  ...(readTensor(model.graph.initializers.get(name) as Tensor).data as Float32Array),
];

const product = modelFromText('g (float[N,8] x) => (float[N,16] y) { y = MatMul(x, w) }', [
  randomTensor('w', [8, 16], 1),
]);
const normalized = modelFromText(
  `g (float[N,8] x) => (float[N,16] y)
    <float[8] gamma = {1, 1, 1, 80, 1, 1, 1, 1}, float[8] beta = {0, 1, 0, 20, 0, 0, 0, 0}> {
    n = LayerNormalization(x, gamma, beta)
    y = MatMul(n, w)
  }`,
  [randomTensor('w', [8, 16], 1)],
);

/** Values of two heads, weighted by what the rows have in common. */
const attention = modelFromText(
  `g (float[N,3,8] x) => (float[N,3,16] y)
    <float[8] bias = {0, 0.5, 0, 30, 0, 0, 0, 0}, int64[4] heads = {0, 0, 2, 4}, int64[3] whole = {0, 0, 8}> {
    p = MatMul(x, v)
    b = Add(p, bias)
    s = Reshape(b, heads)
    t = Transpose <perm = [0, 2, 1, 3]> (s)
    xs = Reshape(x, heads)
    q = Transpose <perm = [0, 2, 1, 3]> (xs)
    k = Transpose <perm = [0, 2, 3, 1]> (xs)
    scores = MatMul(q, k)
    weights = Softmax(scores)
    sums = MatMul(weights, t)
    back = Transpose <perm = [0, 2, 1, 3]> (sums)
    o = Reshape(back, whole)
    y = MatMul(o, w)
  }`,
  [randomTensor('v', [8, 8], 1), randomTensor('w', [8, 16], 2)],
);

describe('smoothing', () => {
  it('folds the factor through attention into what makes its values', async () => {
    const x = float32(
      [20, 3, 8],
      Float32Array.from({ length: 480 }, (_, at) => Math.sin(at * at)),
    );
    const { model: changed } = await smoothed(attention, x);
    expect(ops(changed)).toEqual(ops(attention));
    const bias = floats(changed, 'bias');
    expect(Math.abs(bias[3]! / bias[1]!)).toBeLessThan(30);
    // Each number is rounded to float32 twice more.
    await expectSameOutputs(attention, changed, { tolerance: 2e-6, feeds: { x } });
  });

  it('puts a Mul before a product whose input nothing can take the factor', async () => {
    const { model: changed } = await smoothed(product, outliers(1));
    expect(ops(changed)).toEqual(['Mul', 'MatMul']);
    // Each number is rounded to float32 twice more.
    await expectSameOutputs(product, changed, { tolerance: 1e-6, feeds: { x: outliers(2) } });
    const factors = floats(changed, 'x_smoothed_factor');
    const others = factors.filter((_, channel) => channel !== 3);
    expect(factors[3]).toBeLessThan(Math.min(...others) / 5);
  });

  it('folds the factor into a LayerNormalization, which costs nothing', async () => {
    const { model: changed } = await smoothed(normalized, outliers(1));
    expect(ops(changed)).toEqual(['LayerNormalization', 'MatMul']);
    expect(floats(changed, 'gamma')[3]).toBeLessThan(20 * (floats(changed, 'gamma')[0] as number));
    await expectSameOutputs(normalized, changed, { tolerance: 1e-6, feeds: { x: outliers(2) } });
  });

  it('follows s = max|X|^α / max|W|^(1−α) for an α of the list', async () => {
    const x = outliers(1);
    const { model: changed } = await smoothed(product, x);
    const factors = floats(changed, 'x_smoothed_factor');
    const weights = floats(product, 'w');
    const [a, b] = [0, 3].map((channel) => ({
      activation: Math.max(...x.data.filter((_, at) => at % 8 === channel).map(Math.abs)),
      weight: Math.max(...weights.slice(channel * 16, channel * 16 + 16).map(Math.abs)),
    })) as [Record<'activation' | 'weight', number>, Record<'activation' | 'weight', number>];
    // s₃/s₀ = (a₃/a₀)^α · (w₃/w₀)^(α − 1), solved for α; factors hold 1/s.
    const ratio = Math.log((factors[0] as number) / (factors[3] as number));
    const alpha =
      (ratio + Math.log(b.weight / a.weight)) / (Math.log(b.activation / a.activation) + Math.log(b.weight / a.weight));
    expect(alpha * 10).toBeCloseTo(Math.round(alpha * 10), 4);
    expect(alpha).toBeGreaterThan(0.2);
  });

  it('leaves room in a channel that hardly any calibration sample reaches', async () => {
    const x = outliers(1);
    const { model: changed } = await smoothed(
      product,
      float32(
        [rows, 8],
        Float32Array.from(x.data as Float32Array, (value, at) => (at % 8 === 5 ? value * 1e-6 : value)),
      ),
    );
    const factors = floats(changed, 'x_smoothed_factor');
    const others = factors.filter((_, channel) => channel !== 5 && channel !== 3);
    // Twice for what it may reach, and what the magnitudes of the weights differ by; without the room it is 24 times.
    expect(factors[5]).toBeLessThan(4 * Math.max(...others));
  });

  it('leaves alone what it would not improve', async () => {
    const even = float32(
      [rows, 8],
      Float32Array.from({ length: rows * 8 }, (_, at) => Math.sin(at)),
    );
    const { model: after, changed } = await smoothed(product, even);
    expect(changed).toBe(0);
    expect(after.graph).toBe(product.graph);
  });

  it.each([
    ['a Mul', product],
    ['LayerNormalization', normalized],
  ])('brings the int8 outputs on new samples nearer, by %s', async (_, model) => {
    const error = async (on: boolean): Promise<number> => {
      const dataset = await tinyDataset(model, { x: outliers(1) });
      const options = resolveOptions(staticInt8.options, { smooth: on, rounding: 'nearest' }, 'test');
      const { model: quantized } = await staticInt8.run(model, options, {}, stepContext(model, { dataset }));
      return relativeError(await outputs(model, outliers(5)), await outputs(quantized, outliers(5)));
    };
    // The error of the seven small channels falls by far more than that of the large one rises.
    expect(await error(true)).toBeLessThan((await error(false)) / 2);
  });
});

async function outputs(model: Model, x: NdArray): Promise<Readonly<Record<string, NdArray>>> {
  const session = await openSession(model);
  try {
    return await session.run({ x });
  } finally {
    await session.release();
  }
}
