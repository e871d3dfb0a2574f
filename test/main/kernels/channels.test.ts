import { describe, expect, it } from 'vitest';
import { channelAbsMax, channelRange, countNonFinite, quantizeChannels } from '../../../src-main/kernels';
import { floats, golden, unpack } from './golden';

const x = floats(golden.int8.x);
const [rows, columns] = golden.int8.shape as [number, number];

describe('ranges', () => {
  it('are those of numpy, by column', () => {
    const min = new Float32Array(columns).fill(Infinity);
    const max = new Float32Array(columns).fill(-Infinity);
    channelRange(x, columns, 1, 0, min, max);
    expect(min).toEqual(floats(golden.int8.columnMin));
    expect(max).toEqual(floats(golden.int8.columnMax));
  });

  it('of a middle axis follow the element order: [2, 2, 2], axis 1', () => {
    const y = Float32Array.of(1, -2, 3, 4, 5, -6, 7, -8); // [2, 2, 2]
    const largest = new Float32Array(2);
    channelAbsMax(y, 2, 2, 0, largest);
    expect([...largest]).toEqual([6, 8]);
  });

  it('do not depend on where the tensor is cut', () => {
    for (const [channels, inner] of [
      [1, 1],
      [rows, columns],
      [columns, 1],
      [3, 11],
    ] as const) {
      const whole = new Float32Array(channels);
      channelAbsMax(x, channels, inner, 0, whole);
      const cut = new Float32Array(channels);
      for (const [from, to] of [
        [0, 1],
        [1, 50],
        [50, 51],
        [51, x.length],
      ] as const)
        channelAbsMax(x.subarray(from, to), channels, inner, from, cut);
      expect(cut).toEqual(whole);
    }
  });

  it('pass over NaN, which is counted apart', () => {
    const y = Float32Array.of(NaN, 2, -Infinity, 1);
    const largest = new Float32Array(1);
    channelAbsMax(y, 1, 1, 0, largest);
    expect(largest[0]).toBe(Infinity);
    expect(countNonFinite(y)).toBe(2);
  });
});

describe('quantizeChannels', () => {
  it('gives the codes and errors of numpy, by row, signed and symmetric', () => {
    const codes = new Int8Array(x.length);
    const errors = new Float64Array(rows);
    quantizeChannels(x, rows, columns, 0, floats(golden.int8.rowScale), null, -127, 127, codes, errors);
    expect(codes).toEqual(unpack(Int8Array, 1, golden.int8.rowCodes));
    // Only the order of a float64 sum of 33 terms differs.
    errors.forEach((error, row) => {
      expect(Math.abs(error / golden.int8.rowErrors[row] - 1)).toBeLessThan(33 * 2 ** -52);
    });
  });

  it('gives the codes and errors of numpy, by column, unsigned with zero points', () => {
    const zeroPoints = unpack(Int32Array, 4, golden.int8.columnZeroPoint);
    const codes = new Uint8Array(x.length);
    const errors = new Float64Array(columns);
    quantizeChannels(x, columns, 1, 0, floats(golden.int8.columnScale), zeroPoints, 0, 255, codes, errors);
    expect(codes).toEqual(unpack(Uint8Array, 1, golden.int8.columnCodes));
    errors.forEach((error, column) => {
      expect(Math.abs(error / golden.int8.columnErrors[column] - 1)).toBeLessThan(33 * 2 ** -52);
    });
  });

  it('rounds ties to even, clamps, and gives NaN the lowest code', () => {
    const codes = new Int8Array(8);
    quantizeChannels(
      Float32Array.of(0.5, 1.5, 2.5, -0.5, -1.5, 1e30, -Infinity, NaN),
      1,
      1,
      0,
      Float32Array.of(1),
      null,
      -128,
      127,
      codes,
      null,
    );
    expect([...codes]).toEqual([0, 2, 2, 0, -2, 127, -128, -128]);
  });

  it('gives the same codes from parts, whatever the layout', () => {
    for (const [channels, inner] of [
      [1, 1],
      [rows, columns],
      [columns, 1],
      [3, 11],
    ] as const) {
      const scales = Float32Array.from({ length: channels }, (_, c) => 0.01 + c / 100);
      const whole = new Int8Array(x.length);
      quantizeChannels(x, channels, inner, 0, scales, null, -128, 127, whole, null);
      const cut = new Int8Array(x.length);
      for (const [from, to] of [
        [0, 13],
        [13, 14],
        [14, x.length],
      ] as const)
        quantizeChannels(
          x.subarray(from, to),
          channels,
          inner,
          from,
          scales,
          null,
          -128,
          127,
          cut.subarray(from, to),
          null,
        );
      expect(cut).toEqual(whole);
    }
  });
});
