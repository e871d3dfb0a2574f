import { expect, it } from 'vitest';
import { addToHistograms, type GridHistogram, gridScalars } from '../../../src-main/kernels';
import { floats, golden } from './golden';

it('counts as numpy does over the same bins, which it finds by itself', () => {
  const { counts, scalars } = empty(64);
  const x = floats(golden.histogram.x);
  addToHistograms([{ histogram: { counts, scalars }, x, extremes: new Float32Array(2) }]);
  // The largest of 3000 normal numbers lies between 2 and 4, so that 64 bins reach from −4 to 4.
  expect(scalars[gridScalars.width]).toBe(1 / 8);
  expect([...counts]).toEqual(golden.histogram.counts);
});

it('adds to what is there, and counts NaN and infinities apart', () => {
  const histogram = empty(4);
  const extremes = new Float32Array(4);
  addToHistograms([{ histogram, x: Float32Array.of(0, 0.5), extremes: new Float32Array(2) }]);
  const broken = addToHistograms([{ histogram, x: Float32Array.of(-0.75, Number.NaN, 0, Infinity), extremes }]);
  expect([...broken]).toEqual([2]);
  expect([...histogram.counts]).toEqual([1, 0, 2, 1]);
  expect([...extremes]).toEqual([-0.75, 0, -0.75, 0]);
  expect([...histogram.scalars]).toEqual([0.5, -0.75, 0.5, 4, 2]);
});

function empty(bins: number): GridHistogram {
  return { counts: new Float64Array(bins), scalars: Float64Array.of(0, Infinity, -Infinity, 0, 0) };
}
