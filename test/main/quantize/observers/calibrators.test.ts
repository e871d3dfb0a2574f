import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src-main/kernels/random';
import { calibrators } from '../../../../src-main/quantize/observers';
import { entropy, leastDivergence } from '../../../../src-main/quantize/observers/entropy';
import { Histogram } from '../../../../src-main/quantize/observers/histogram';
import { movingAverage } from '../../../../src-main/quantize/observers/moving-average';
import { meanSquaredError } from '../../../../src-main/quantize/observers/mse';
import { percentile } from '../../../../src-main/quantize/observers/percentile';
import type { Statistics } from '../../../../src-main/quantize/observers/statistics';
import { activationParams, type Range } from '../../../../src-main/quantize/quant-params';

function statisticsOf(values: Float32Array): Statistics {
  const histogram = new Histogram();
  histogram.add(values);
  const { min, max } = histogram;
  return { min, max, histogram, average: { min: (min + max) / 2, max } };
}

function normal(count: number, outliers: readonly number[] = []): Float32Array {
  const random = new Random(1);
  return Float32Array.from({ length: count }, (_, i) => outliers[i] ?? random.normal());
}

/** Mean squared error of values written with 8 bits over a range. */
function errorOf(values: Float32Array, range: Range): number {
  const { scale, zeroPoint } = activationParams(range, 'uint8', false);
  let sum = 0;
  for (const value of values) {
    const code = Math.min(255, Math.max(0, Math.round(value / scale) + zeroPoint));
    sum += ((code - zeroPoint) * scale - value) ** 2;
  }
  return sum / values.length;
}

const eightBits = { levels: 256, symmetric: false };

describe.each(calibrators)('$name', (calibrator) => {
  it('gives a range that holds 0 and lies within what was seen', () => {
    const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e3, max: 1e3 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
        const statistics = statisticsOf(Float32Array.from(values));
        const { low, high } = calibrator.range(statistics, eightBits);
        expect(low).toBeLessThanOrEqual(0);
        expect(high).toBeGreaterThanOrEqual(0);
        expect(low).toBeGreaterThanOrEqual(Math.min(0, statistics.min));
        expect(high).toBeLessThanOrEqual(Math.max(0, statistics.max));
      }),
      { numRuns: 60 },
    );
  });

  it('leaves a Relu activation at 0', () => {
    const relu = normal(20_000).map((x) => Math.max(0, x));
    expect(calibrator.range(statisticsOf(relu), eightBits).low).toBe(0);
  });
});

it('mse takes the ends with the least sum of rounding and clipping, counted bin by bin', () => {
  const statistics = statisticsOf(normal(3000, [9, -7, 8, -2]).map((x) => x + 0.3));
  const { counts, total, min, max } = statistics.histogram!;
  const errorAt = (low: number, high: number): number => {
    const step = (high - low) / 255;
    return counts.reduce((sum, count, bin) => {
      const x = statistics.histogram!.middle(bin);
      const beyond = Math.max(0, x - high, low - x);
      return sum + count * (beyond > 0 ? beyond ** 2 : step ** 2 / 12);
    }, 0);
  };
  expect(counts.reduce((a, b) => a + b, 0)).toBe(total);
  const { low, high } = meanSquaredError.range(statistics, eightBits);
  const own = errorAt(low, high);
  for (let i = 0; i <= 90; i += 3)
    for (let j = 0; j <= 90; j += 3)
      // Sums in another order differ in the last of 52 bits, many times over.
      expect(own).toBeLessThanOrEqual(errorAt(min * (1 - i / 100), max * (1 - j / 100)) * (1 + 1e-9));
});

describe('with two outliers among normal numbers', () => {
  const values = normal(50_000, [40, -35]);
  const statistics = statisticsOf(values);

  it('percentile leaves one in ten thousand out at each end', () => {
    const { low, high } = percentile.range(statistics, eightBits);
    const outside = values.filter((x) => x < low || x > high).length;
    // 5 at each end, and up to the count of one bin of width 2⁻⁶ more or less.
    expect(outside).toBeGreaterThanOrEqual(6);
    expect(outside).toBeLessThanOrEqual(14);
  });

  it('mse is beaten by no symmetric clip of a fine grid, and beats min–max', () => {
    const { low, high } = meanSquaredError.range(statistics, eightBits);
    const own = errorOf(values, { low, high });
    for (let end = 2; end <= 40; end += 0.25)
      // The model of the error, step²/12, is off by a few per cent where a clip cuts off steps.
      expect(own).toBeLessThan(errorOf(values, { low: Math.max(-35, -end), high: end }) * 1.05);
    expect(own).toBeLessThan(errorOf(values, { low: -35, high: 40 }) * 0.95);
  });

  it('the average min–max takes the average of the samples, 0 with it', () => {
    const average = { min: 0.5, max: 2 };
    expect(movingAverage.range({ min: -1, max: 3, average }, eightBits)).toEqual({ low: 0, high: 2 });
  });

  it('entropy cuts the outliers off', () => {
    const { low, high } = entropy.range(statistics, eightBits);
    expect(high).toBeLessThan(10);
    expect(low).toBeGreaterThan(-10);
    expect(high).toBeGreaterThan(2);
  });
});

describe('leastDivergence', () => {
  /** The same by the definition: build P and Q, sum p·log(p/q). */
  function byDefinition(counts: Float64Array, levels: number): number {
    let best = { bins: counts.length, divergence: Number.POSITIVE_INFINITY };
    for (let bins = levels; bins <= counts.length; bins++) {
      if (counts[bins - 1] === 0) continue;
      const p = [...counts.subarray(0, bins)];
      const q = new Array<number>(bins).fill(0);
      for (let level = 0; level < levels; level++) {
        const from = Math.floor((level * bins) / levels);
        const to = Math.floor(((level + 1) * bins) / levels);
        const filled = p.slice(from, to).filter((count) => count > 0).length;
        const sum = p.slice(from, to).reduce((a, b) => a + b, 0);
        for (let i = from; i < to; i++) if (p[i] !== 0) q[i] = sum / filled;
      }
      const tail = counts.subarray(bins).reduce((a, b) => a + b, 0);
      p[bins - 1] = (p[bins - 1] as number) + tail;
      const [pSum, qSum] = [p, q].map((list) => list.reduce((a, b) => a + b, 0)) as [number, number];
      const divergence = p.reduce(
        (sum, x, i) => (x === 0 ? sum : sum + (x / pSum) * Math.log(x / pSum / ((q[i] as number) / qSum))),
        0,
      );
      if (divergence <= best.divergence + 1e-12) best = { bins, divergence };
    }
    return best.bins;
  }

  it('is what the definition gives', () => {
    const random = new Random(5);
    for (let round = 0; round < 5; round++) {
      const counts = Float64Array.from({ length: 200 }, (_, i) =>
        Math.floor(1000 * Math.exp(-i / 20) * (0.5 + random.uniform())),
      );
      counts[199] = 3;
      expect(leastDivergence(counts, 16)).toBe(byDefinition(counts, 16));
    }
  });
});
