import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram, sideBins } from '../../../../src-main/quantize/observers/histogram';

function histogramOf(parts: readonly (readonly number[])[]): Histogram {
  const histogram = new Histogram();
  for (const part of parts) histogram.add(Float32Array.from(part));
  return histogram;
}

const plain = ({ counts, width, min, max, total }: Histogram) => ({ counts: [...counts], width, min, max, total });

describe('Histogram', () => {
  it('depends neither on the order nor on the batching of what it sees', () => {
    const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e4, max: 1e4 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), fc.nat(40), (values, cut) => {
        const split = [values.slice(cut).reverse(), values.slice(0, cut)];
        expect(plain(histogramOf(split))).toEqual(plain(histogramOf([values])));
      }),
      { numRuns: 50 },
    );
  });

  it('counts every finite value once, where it belongs', () => {
    const histogram = histogramOf([[0, 0.1, -0.1], [3], [-5, 3]]);
    expect(histogram.width).toBe(8 / sideBins);
    const bin = (x: number) => histogram.counts[sideBins + Math.floor(x / histogram.width)];
    expect([0, 0.1, -0.1, 3, -5].map(bin)).toEqual([1, 1, 1, 2, 1]);
    expect(histogram.total).toBe(6);
    expect([histogram.min, histogram.max]).toEqual([-5, 3]);
  });

  it('tells apart what lies on either side of 0, however near', () => {
    const { counts } = histogramOf([[1e-30, -1e-30, 1e-45, -1e-45, 0, -0], [1000]]);
    expect([...counts.subarray(sideBins - 1, sideBins + 1)]).toEqual([2, 4]);
  });

  it('counts NaN and infinities apart', () => {
    const histogram = new Histogram();
    expect(histogram.add(Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY))).toBe(2);
    expect(histogram.total).toBe(1);
  });
});
