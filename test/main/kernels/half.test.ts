import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../../../src-main/kernels';
import { floats, golden, unpack } from './golden';

const bits = (x: Float32Array): number[] => [...new Uint32Array(x.buffer, x.byteOffset, x.length)];

describe('float16', () => {
  it('rounds as numpy does: every exponent, ties, subnormals, infinities', () => {
    const x = floats(golden.halves.x);
    const expected = unpack(Uint16Array, 2, golden.halves.half);
    const half = new Uint16Array(x.length);
    float32ToFloat16(x, half);
    for (let i = 0; i < x.length; i++) {
      if (Number.isNaN(x[i])) expect(half[i]! & 0x7fff).toBeGreaterThan(0x7c00);
      else expect(half[i]).toBe(expected[i]);
    }
  });

  it('gives back each of its 65536 patterns', () => {
    const half = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const x = new Float32Array(65536);
    float16ToFloat32(half, x);
    const again = new Uint16Array(65536);
    float32ToFloat16(x, again);
    const isNaNPattern = (h: number) => (h & 0x7fff) > 0x7c00;
    expect([...again].filter((h, i) => h !== i && !isNaNPattern(i))).toEqual([]);
    expect([...x].filter(Number.isNaN)).toHaveLength(2 * 1023);
    expect([x[0x3c00], x[0xc000], x[0x7bff], x[1]]).toEqual([1, -2, 65504, 2 ** -24]);
  });

  it('counts the values that became infinite, and only those', () => {
    const x = Float32Array.of(65504, 65519, 65520, -1e6, Infinity, NaN);
    expect(float32ToFloat16(x, new Uint16Array(6))).toBe(2);
  });

  it('reads and writes views that start inside a buffer', () => {
    const whole = Float32Array.of(9, 1, 2);
    const half = new Uint16Array(3);
    float32ToFloat16(whole.subarray(1), half.subarray(1));
    expect([...half]).toEqual([0, 0x3c00, 0x4000]);
  });
});

describe('bfloat16', () => {
  it('rounds to nearest, ties to even', () => {
    const patterns = [0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7f800001];
    const x = new Float32Array(new Uint32Array(patterns).buffer);
    const target = new Uint16Array(patterns.length);
    float32ToBfloat16(x, target);
    expect([...target]).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7f80, 0xff80, 0x7fc0]);
  });

  it('widens by sixteen zero bits', () => {
    const x = new Float32Array(3);
    bfloat16ToFloat32(Uint16Array.of(0x3f80, 0x8000, 0xff80), x);
    expect(bits(x)).toEqual([0x3f800000, 0x80000000, 0xff800000]);
  });
});
