import { expect, it } from 'vitest';
import { maskNOfM } from '../../../src-main/kernels';
import { floats, golden, unpack } from './golden';

it('keeps what a sort by numpy keeps, 2 of 4 along rows', () => {
  const x = floats(golden.nOfM.x); // [6, 16]
  const mask = new Uint8Array(x.length);
  maskNOfM(x, 16, 1, 2, 4, mask);
  expect(mask).toEqual(unpack(Uint8Array, 1, golden.nOfM.mask24));
});

it('groups along an inner axis: columns of a [4, 2] matrix', () => {
  const mask = new Uint8Array(8);
  maskNOfM(Float32Array.of(1, 8, -3, 7, 2, 6, -4, 5), 4, 2, 2, 4, mask);
  expect([...mask]).toEqual([0, 1, 1, 1, 0, 0, 1, 0]);
});

it('keeps the earlier of equals, NaN, and a fair share of a last group', () => {
  const mask = new Uint8Array(6);
  maskNOfM(Float32Array.of(1, -1, 1, NaN, 2, 3), 6, 1, 2, 4, mask);
  expect([...mask]).toEqual([1, 0, 0, 1, 0, 1]);
});
