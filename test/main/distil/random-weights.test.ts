import { describe, expect, it } from 'vitest';
import { randomWeights } from '../../../src-main/distil/random-weights';
import { zeros } from '../../../src-main/onnx/ir';
import { modelFromText } from '../../support/model-from-text';

const { graph } = modelFromText(`<ir_version: 10, opset_import: ["" : 18]>
  g (float[N, 8, 9, 9] x, int64[N, 3] ids) => (float[N, 40] y, float[N, 3, 60] z) {
    c = Conv(x, kernel, shift)
    b = BatchNormalization(c, scale, offset, mean, variance)
    r = Relu(b)
    pooled = GlobalAveragePool(r)
    flat = Flatten(pooled)
    y = Gemm <transB = 1> (flat, dense, last)
    e = Gather(table, ids)
    right = Transpose <perm = [1, 0]> (linear)
    h = MatMul(e, right)
    z = Add(h, positions)
  }`);
const shapes: Readonly<Record<string, readonly number[]>> = {
  kernel: [64, 8, 3, 3],
  shift: [64],
  scale: [64],
  offset: [64],
  mean: [64],
  variance: [64],
  dense: [40, 64],
  last: [40],
  table: [500, 16],
  linear: [60, 16],
  positions: [3, 60],
};
const given = new Map(Object.entries(shapes).map(([name, shape]) => [name, zeros('float32', shape)]));
const draw = (seed: number) => {
  const weights = randomWeights(graph, given, seed);
  return (name: string) => Array.from(weights.get(name)?.data ?? []);
};
const spread = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe('randomWeights', () => {
  it.each([
    ['kernel', Math.sqrt(2 / 72)],
    ['dense', Math.sqrt(1 / 64)],
    ['linear', Math.sqrt(1 / 16)],
    ['table', Math.sqrt(1 / 16)],
    ['positions', 0.02],
  ])('spreads %s by its fan-in', (name, wanted) => {
    const values = draw(1)(name);
    // A spread measured on n normal numbers is off by 1/√(2n): four of those.
    expect(Math.abs(spread(values) / wanted - 1)).toBeLessThan(4 / Math.sqrt(2 * values.length));
  });

  it('begins with biases of 0, scales and variances of 1', () => {
    const weight = draw(1);
    for (const name of ['shift', 'offset', 'mean', 'last']) expect(new Set(weight(name))).toEqual(new Set([0]));
    for (const name of ['scale', 'variance']) expect(new Set(weight(name))).toEqual(new Set([1]));
  });

  it('draws the same for a seed, and others for another', () => {
    expect(draw(3)('kernel')).toEqual(draw(3)('kernel'));
    expect(draw(4)('kernel')).not.toEqual(draw(3)('kernel'));
  });
});
