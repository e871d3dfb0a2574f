import { describe, expect, it } from 'vitest';
import { addPatchProducts } from '../../../src-main/kernels/patch-products';

const one = [1, 1, 1];
const always = { low: -Infinity, high: Infinity, closed: 0 };

describe('products of patches', () => {
  it('of two places are those worked by hand', () => {
    // Patches (1, 2) and (2, 3), each with a 1.
    const geometry = { input: [1, 1, 3], output: [1, 1, 2], kernel: [1, 1, 2], strides: one, dilations: one };
    const sums = new Float64Array(9);
    addPatchProducts(Float32Array.of(1, 2, 3), 1, { ...geometry, pads: [0, 0, 0] }, 1, null, always, sums);
    expect([...sums]).toEqual([5, 8, 3, 0, 13, 5, 0, 0, 2]);
  });

  it('count places less where the gate is closed, for each matrix by itself, and add to what is there', () => {
    const geometry = { input: [1, 1, 2], output: [1, 1, 2], kernel: one, strides: one, dilations: one };
    const sums = new Float64Array(8).fill(1);
    const values = Float32Array.of(0.5, 2, -1, 0.5);
    const gate = { low: 0, high: 1, closed: 0.25 };
    addPatchProducts(Float32Array.of(2, 4), 1, { ...geometry, pads: [0, 0, 0] }, 1, values, gate, sums);
    // 2·2 + 16/4 = 8, 2 + 4/4 = 3, 1 + 1/4; then 4/4 + 16 = 17, 2/4 + 4, 1/4 + 1.
    expect([...sums]).toEqual([1 + 8, 1 + 3, 1, 1 + 1.25, 1 + 17, 1 + 4.5, 1, 1 + 1.25]);
  });

  it('see zeros in the padding', () => {
    const geometry = { input: [1, 1, 1], output: [1, 1, 3], kernel: [1, 1, 3], strides: one, dilations: one };
    const sums = new Float64Array(16);
    addPatchProducts(Float32Array.of(3), 1, { ...geometry, pads: [0, 0, 2] }, 1, null, always, sums);
    // (0, 0, 3), (0, 3, 0), (3, 0, 0).
    expect([...sums]).toEqual([9, 0, 0, 3, 0, 9, 0, 3, 0, 0, 9, 3, 0, 0, 0, 3]);
  });
});
