import { describe, expect, it } from 'vitest';
import { dequantizeBlocks, packBlocks, quantizeBlocks } from '../../../src-main/kernels';
import { floats, golden, unpack } from './golden';

const { inputs, outputs, block } = golden.blocks as { inputs: number; outputs: number; block: number };
const x = floats(golden.blocks.x); // [inputs, outputs]
const bytes = (text: string): Uint8Array => unpack(Uint8Array, 1, text);

function quantized(bits: number, symmetric: boolean, clipSteps = 1) {
  const blocks = Math.ceil(inputs / block);
  const codes = new Uint8Array((outputs * blocks * block * bits) / 8);
  const scales = new Float32Array(outputs * blocks);
  const zeroPoints = symmetric ? null : new Uint8Array(outputs * Math.ceil((blocks * bits) / 8));
  quantizeBlocks(x, inputs, outputs, block, bits, clipSteps, codes, scales, zeroPoints);
  const back = new Float32Array(x.length);
  dequantizeBlocks(codes, scales, zeroPoints, inputs, outputs, block, bits, back);
  const squared = back.reduce((sum, value, i) => sum + (value - x[i]!) ** 2, 0);
  return { codes, scales, zeroPoints, back, squared };
}

describe('quantizeBlocks', () => {
  it.each([
    [4, true, '4s'],
    [4, false, '4a'],
    [8, true, '8s'],
    [8, false, '8a'],
  ] as const)('packs as onnxruntime does: %i bits, symmetric %s', (bits, symmetric, name) => {
    const expected = golden.blocks[name];
    const { codes, scales, zeroPoints } = quantized(bits, symmetric);
    expect(scales).toEqual(floats(expected.scales));
    // onnxruntime rounds halves away from zero; random weights have none.
    expect(codes).toEqual(bytes(expected.codes));
    if (zeroPoints !== null) expect(zeroPoints).toEqual(bytes(expected.zeroPoints));
  });

  it('codes a block by hand: largest magnitude at code 0, low nibble first', () => {
    const w = Float32Array.of(-8, 7, 1, 0, 2.5, -0.5, 3.5, 0, 0, 0, 0, 0, 0, 0, 0, 0); // [16, 1]
    const codes = new Uint8Array(8);
    const scales = new Float32Array(1);
    quantizeBlocks(w, 16, 1, 16, 4, 1, codes, scales, null);
    expect(scales[0]).toBe(1);
    expect([...codes.subarray(0, 4)]).toEqual([0xf0, 0x89, 0x8a, 0x8c]);
  });

  it('errs by at most half a step, and by less in sum when ranges are tried', () => {
    const plain = quantized(4, false);
    plain.back.forEach((value, i) => {
      const output = i % outputs;
      const scale = plain.scales[output * Math.ceil(inputs / block) + Math.floor(i / outputs / block)]!;
      // Half a step, and the half step that rounding the zero point moves the ends of the range by.
      expect(Math.abs(value - x[i]!)).toBeLessThanOrEqual(scale * 1.0001);
    });
    expect(quantized(4, false, 20).squared).toBeLessThan(plain.squared);
    expect(quantized(4, true, 20).squared).toBeLessThan(quantized(4, true).squared);
  });

  it('gives a block of zeros the middle code and no NaN', () => {
    const codes = new Uint8Array(8);
    const scales = new Float32Array(1);
    quantizeBlocks(new Float32Array(16), 16, 1, 16, 4, 20, codes, scales, null);
    expect([...codes]).toEqual(new Array(8).fill(0x88));
    const back = new Float32Array(16).fill(9);
    dequantizeBlocks(codes, scales, null, 16, 1, 16, 4, back);
    expect([...back].every((value) => value === 0)).toBe(true);
  });
});

it('packBlocks lays codes of one a byte out as quantizeBlocks does', () => {
  const { codes, zeroPoints } = quantized(4, false);
  const blocks = Math.ceil(inputs / block);
  const loose = new Uint8Array(inputs * outputs);
  const looseZeros = new Uint8Array(blocks * outputs);
  for (let n = 0; n < outputs; n++) {
    for (let k = 0; k < blocks * block; k++) {
      const byte = codes[n * blocks * (block / 2) + (k >> 1)]!;
      if (k < inputs) loose[k * outputs + n] = (byte >> ((k & 1) * 4)) & 15;
    }
    for (let b = 0; b < blocks; b++)
      looseZeros[b * outputs + n] = (zeroPoints![n * Math.ceil(blocks / 2) + (b >> 1)]! >> ((b & 1) * 4)) & 15;
  }
  const packed = new Uint8Array(codes.length);
  const packedZeros = new Uint8Array(zeroPoints!.length);
  packBlocks(loose, looseZeros, inputs, outputs, block, 4, packed, packedZeros);
  expect(packed).toEqual(codes);
  expect(packedZeros).toEqual(zeroPoints);
});
