import { expect, it } from 'vitest';
import { addToHistogram, countZeros } from '../../../src-main/kernels';
import { floats, golden } from './golden';

it('counts as numpy does, with what lies outside in the edge bins', () => {
  const counts = new Float64Array(64);
  expect(addToHistogram(floats(golden.histogram.x), -2, 2, counts)).toBe(golden.histogram.outside);
  expect([...counts]).toEqual(golden.histogram.counts);
});

it('adds to what is there, puts the upper edge into the last bin and NaN nowhere', () => {
  const counts = Float64Array.of(10, 0);
  expect(addToHistogram(Float32Array.of(0, 0.5, 1, NaN, 7, -1), 0, 1, counts)).toBe(2);
  expect([...counts]).toEqual([12, 3]);
});

it('counts zeros of either sign, and nothing else', () => {
  expect(countZeros(Float32Array.of(0, -0, 1e-45, NaN, 1, -1))).toBe(2);
});
