import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../../src-main/contract';
import { readTensor } from '../../../../src-main/onnx/file';
import type { Model } from '../../../../src-main/onnx/ir';
import { calibrationData } from '../../../../src-main/quantize/calibration-data';
import { equalize } from '../../../../src-main/quantize/preparations/equalize';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { float32 } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';
import { tinyDataset } from '../../../support/tiny-dataset';

async function equalized(model: Model, feeds = { x: float32([1, 1, 1, 1], [1]) }) {
  const dataset = await tinyDataset(model, feeds);
  const data = calibrationData(stepContext(model, { dataset }), 'test', 1);
  return equalize.run(model, { ...unwatched(), data, admits: () => true });
}

const ones = (...shape: number[]) =>
  float32(shape, new Float32Array(shape.reduce((product, dim) => product * dim, 1)).fill(1));

const values = (model: Model, name: string) => {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no initializer ${name}`);
  return [...(readTensor(tensor).data as Float32Array)];
};

const largest = (numbers: readonly number[]) => Math.max(...numbers.map(Math.abs));

describe('equalization', () => {
  it('gives both layers the range √(r₁·r₂), worked by hand', async () => {
    const model = modelFromText(`g (float[N,1,1,1] x) => (float[N,1,1,1] y)
      <float[2,1,1,1] w = {4, -1}, float[2] b = {2, 3}, float[1,2,1,1] v = {1, -4}> {
      c = Conv(x, w, b)
      r = Relu(c)
      y = Conv(r, v)
    }`);
    const { model: changed, changed: places } = await equalized(model);
    expect(places).toBe(1);
    // r₁ = (4, 1), r₂ = (1, 4): s = (2, ½).
    expect(values(changed, 'w')).toEqual([2, -2]);
    expect(values(changed, 'b')).toEqual([1, 6]);
    expect(values(changed, 'v')).toEqual([2, -2]);
    await expectSameOutputs(model, changed);
  });

  it('settles a chain with a depthwise layer at ∛(r₁·r₂·r₃)', async () => {
    const model = modelFromText(
      `g (float[N,3,6,6] x) => (float[N,2,4,4] y) {
        a = Conv(x, first, offset)
        b = Relu(a)
        c = Conv <group = 4> (b, second)
        d = LeakyRelu(c)
        y = Conv(d, third)
      }`,
      [
        randomTensor('first', [4, 3, 1, 1], 1, 3),
        randomTensor('offset', [4], 2),
        randomTensor('second', [4, 1, 3, 3], 3, 0.01),
        randomTensor('third', [2, 4, 1, 1], 4, 20),
      ],
    );
    const { model: changed } = await equalized(model, { x: ones(1, 3, 6, 6) });
    const ranges = (of: Model): [number, number, number][] => {
      const [first, second, third] = ['first', 'second', 'third'].map((name) => values(of, name)) as number[][];
      return [0, 1, 2, 3].map((i) => [
        largest(first?.slice(i * 3, i * 3 + 3) ?? []),
        largest(second?.slice(i * 9, i * 9 + 9) ?? []),
        largest([third?.[i] ?? 0, third?.[4 + i] ?? 0]),
      ]);
    };
    ranges(changed).forEach((after, channel) => {
      const [r1, r2, r3] = ranges(model)[channel] as [number, number, number];
      // Sweeps end when no factor moves by more than a thousandth.
      for (const range of after) expect(range / Math.cbrt(r1 * r2 * r3)).toBeCloseTo(1, 2);
    });
    // Sums of some ten products in another rounding.
    await expectSameOutputs(model, changed, { tolerance: 1e-5 });
  });

  it('follows a value to all of its readers, through constants and a gate', async () => {
    const model = modelFromText(
      `g (float[N,3] x, float[N,4] gate) => (float[N,2] y, float[N,3] z)
        <float[4] shift = {1, 2, 3, 4}, float half = {0.5}> {
        a = MatMul(x, first)
        b = Add(a, shift)
        c = Mul(b, gate)
        d = Mul(c, half)
        y = MatMul(d, second)
        z = Gemm <transB = 1> (d, third)
      }`,
      [randomTensor('first', [3, 4], 1, 9), randomTensor('second', [4, 2], 2), randomTensor('third', [3, 4], 3)],
    );
    const { model: changed, changed: places } = await equalized(model, { x: ones(1, 3), gate: ones(1, 4) } as never);
    expect(places).toBe(1);
    expect(values(changed, 'first')).not.toEqual(values(model, 'first'));
    await expectSameOutputs(model, changed, { tolerance: 1e-5 });
  });

  it('goes through a Flatten, whose inputs stand in runs of one channel', async () => {
    const model = modelFromText(
      `g (float[N,2,2,2] x) => (float[N,3] y) {
        a = Conv(x, first)
        b = MaxPool <kernel_shape = [1, 1]> (a)
        c = Flatten(b)
        y = Gemm(c, second)
      }`,
      [randomTensor('first', [5, 2, 1, 1], 1, 7), randomTensor('second', [20, 3], 2)],
    );
    const { model: changed, changed: places } = await equalized(model, { x: ones(1, 2, 2, 2) });
    expect(places).toBe(1);
    await expectSameOutputs(model, changed, { tolerance: 1e-5 });
  });

  it.each([
    ['a Clip to 6, which is not homogeneous', 'c = Clip(a, zero, six) y = Conv(c, v)', 'y'],
    ['a Sigmoid', 'c = Sigmoid(a) y = Conv(c, v)', 'y'],
    ['a reader that adds', 'c = Conv(a, v) y = Add(c, a)', 'y'],
    ['a value that leaves the model', 'y = Conv(a, v)', 'a'],
    ['a product with itself', 'c = Mul(a, a) y = Conv(c, v)', 'y'],
    ['both factors of a product', 'b = Relu(a) c = Mul(a, b) y = Conv(c, v)', 'y'],
  ])('leaves alone: %s', async (_, body, output) => {
    const model = modelFromText(`g (float[N,1,1,1] x) => (float[N,1,1,1] ${output})
      <float[1,1,1,1] w = {4}, float[1,1,1,1] v = {1}, float zero = {0}, float six = {6}> {
      a = Conv(x, w)
      ${body}
    }`);
    const { model: after, changed } = await equalized(model);
    expect(changed).toBe(0);
    expect(after.graph).toBe(model.graph);
  });
});
