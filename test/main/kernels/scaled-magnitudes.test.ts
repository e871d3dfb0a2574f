import { describe, expect, it } from 'vitest';
import { addRowMagnitudes, raiseWidest } from '../../../src-main/kernels/scaled-magnitudes';

// Rows (·, 1, −2) and (3, −4, 0): the slice starts in the middle of the first.
const x = Float32Array.of(1, -2, 3, -4, 0);
const rows = { inner: 3, within: 1, channels: Int32Array.of(1, 0) };

describe('sizes of elements', () => {
  it('are found by channel', () => {
    const [largest, squares] = [Float64Array.of(0, 5), Float64Array.of(0, 1)];
    addRowMagnitudes(x, { ...rows, outputs: null }, largest, squares);
    expect([...largest]).toEqual([4, 5]);
    expect([...squares]).toEqual([25, 6]);
  });

  it('are scaled for outputs that are places of a row', () => {
    const widest = new Float64Array(6);
    raiseWidest(x, { ...rows, outputs: null }, 2, Float64Array.of(1, 10, 2, 0.5), widest);
    // Channel 1 times 10, channel 0 times 1; then 0.5 and 2.
    expect([...widest]).toEqual([3, 10, 20, 6, 8, 1]);
  });

  it('are scaled for outputs that are rows', () => {
    const widest = new Float64Array(4);
    raiseWidest(x, { ...rows, outputs: Int32Array.of(1, 0) }, 2, Float64Array.of(1, 10, 2, 0.5), widest);
    expect([...widest]).toEqual([4, 20, 8, 1]);
  });
});
