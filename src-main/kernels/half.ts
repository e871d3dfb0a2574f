/**
 * float16 (IEEE 754 binary16) and bfloat16 ⇄ float32. Half types are kept as their 16 bits.
 * Rounding is to nearest, ties to even; NaN stays a quiet NaN with the top bits of its payload.
 */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The bits of a view's floats. */
function bitsOf(x: Float32Array): Uint32Array {
  return new Uint32Array(x.buffer, x.byteOffset, x.length);
}

/**
 * @param target as long as `source`
 * @returns how many finite values became infinite (magnitude of 65520 and more)
 */
export function float32ToFloat16(source: Float32Array, target: Uint16Array): number {
  const bits = bitsOf(source);
  let overflows = 0;
  for (let i = 0; i < bits.length; i++) {
    const half = halfOfBits(bits[i]!);
    if ((half & 0x7fff) === 0x7c00 && (bits[i]! & 0x7fffffff) !== 0x7f800000) overflows++;
    target[i] = half;
  }
  return overflows;
}

function halfOfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // Normal: rebias the exponent by 127 − 15 and add just under half a unit, a whole half where the result is odd.
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // Subnormal: in units of 2^-24, rounded by the float64 addition.
  scratchBits[0] = magnitude;
  return sign | (scratch[0]! * 2 ** 24 + 2 ** 52 - 2 ** 52);
}

let float16Values: Float32Array | undefined;

/** Every float16 as a float32, by its bits. */
function float16Table(): Float32Array {
  if (float16Values !== undefined) return float16Values;
  const table = new Float32Array(65536);
  const bits = bitsOf(table);
  for (let half = 0; half < 65536; half++) {
    const exponent = (half >>> 10) & 31;
    const fraction = half & 0x3ff;
    const sign = (half & 0x8000) << 16;
    if (exponent === 0) table[half] = (half & 0x8000 ? -1 : 1) * fraction * 2 ** -24;
    else if (exponent === 31) bits[half] = sign | 0x7f800000 | (fraction === 0 ? 0 : 0x400000 | (fraction << 13));
    else bits[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
  }
  float16Values = table;
  return table;
}

/** @param target as long as `source` */
export function float16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const table = bitsOf(float16Table());
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i]!]!;
}

/** @param target as long as `source` */
export function float32ToBfloat16(source: Float32Array, target: Uint16Array): void {
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    target[i] = (b & 0x7fffffff) > 0x7f800000 ? (b >>> 16) | 0x40 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
}

/** @param target as long as `source` */
export function bfloat16ToFloat32(source: Uint16Array, target: Float32Array): void {
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
}
