/**
 * Ranges and integer codes of a weight, channel by channel. All take a slice of a row-major tensor, so that a weight of
 * any size is worked through in parts: element i of the slice belongs to channel ⌊(first + i) / inner⌋ mod `channels`,
 * where `inner` is the product of the dimensions after the channel axis and `first` the slice's place in the tensor.
 *
 * | weight | channel axis | channels | inner |
 * |---|---|---|---|
 * | one scale for all | – | 1 | 1 |
 * | Conv [out, in, kh, kw], Gemm with transB [out, in] | 0 | out | in·kh·kw |
 * | MatMul [in, out], Gemm | last | out | 1 |
 * | ConvTranspose [in, out, kh, kw] | 1 | out | kh·kw |
 */

/** Codes of a quantized tensor. */
export type Codes = Int8Array | Uint8Array | Int16Array | Uint16Array;

/** Adding and taking away 1.5 · 2^52 rounds a float64 to the nearest whole number, ties to even, as ONNX asks. */
export const ROUND = 6755399441055744;

/** Calls `visit(channel, start, end)` for each run of elements of one channel. */
function eachRun(
  length: number,
  channels: number,
  inner: number,
  first: number,
  visit: (channel: number, start: number, end: number) => void,
): void {
  if (channels === 1) {
    visit(0, 0, length);
    return;
  }
  for (let start = 0; start < length; ) {
    const place = first + start;
    const end = Math.min(length, start + inner - (place % inner));
    visit(Math.floor(place / inner) % channels, start, end);
    start = end;
  }
}

/**
 * Raises `largest[channel]` to the largest |x| of that channel. Start with zeros. NaN is passed over.
 * @param largest [channels]
 */
export function channelAbsMax(
  x: Float32Array,
  channels: number,
  inner: number,
  first: number,
  largest: Float32Array,
): void {
  if (inner === 1 && channels > 1) {
    let channel = first % channels;
    for (let i = 0; i < x.length; i++) {
      const magnitude = Math.abs(x[i]!);
      if (magnitude > largest[channel]!) largest[channel] = magnitude;
      if (++channel === channels) channel = 0;
    }
    return;
  }
  eachRun(x.length, channels, inner, first, (channel, start, end) => {
    let max = largest[channel]!;
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(x[i]!);
      if (magnitude > max) max = magnitude;
    }
    largest[channel] = max;
  });
}

/**
 * Widens `min[channel]`…`max[channel]` to hold every x of that channel. Start with +Infinity and −Infinity. NaN is
 * passed over.
 * @param min [channels]
 * @param max [channels]
 */
export function channelRange(
  x: Float32Array,
  channels: number,
  inner: number,
  first: number,
  min: Float32Array,
  max: Float32Array,
): void {
  if (inner === 1 && channels > 1) {
    let channel = first % channels;
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      if (value < min[channel]!) min[channel] = value;
      if (value > max[channel]!) max[channel] = value;
      if (++channel === channels) channel = 0;
    }
    return;
  }
  eachRun(x.length, channels, inner, first, (channel, start, end) => {
    let low = min[channel]!;
    let high = max[channel]!;
    for (let i = start; i < end; i++) {
      const value = x[i]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    min[channel] = low;
    max[channel] = high;
  });
}

/** How many values are NaN or infinite. */
export function countNonFinite(x: Float32Array): number {
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  let count = 0;
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & 0x7f800000) === 0x7f800000) count++;
  return count;
}

/**
 * ONNX QuantizeLinear with a scale a channel: code = clamp(round(x / scale) + zero point, low, high), the quotient in
 * float32 and ties to even, so that the codes are those of onnxruntime. NaN takes the code `low`.
 *
 * @param scales [channels], each finite and above 0
 * @param zeroPoints [channels]; null where all are 0
 * @param low smallest code, e.g. −128, −127, 0
 * @param high largest code
 * @param codes as long as `x`; null where only the error is asked for
 * @param errors [channels]: Σ (scale · (code − zero point) − x)² is added to it, where it is not null. The terms of a
 * run of one channel are summed in eight interleaved lanes, so that a vector unit can give the same bits.
 */
export function quantizeChannels(
  x: Float32Array,
  channels: number,
  inner: number,
  first: number,
  scales: Float32Array,
  zeroPoints: Int32Array | null,
  low: number,
  high: number,
  codes: Codes | null,
  errors: Float64Array | null,
): void {
  if (inner === 1 && channels > 1) {
    quantizeInterleaved(x, channels, first, scales, zeroPoints, low, high, codes, errors);
    return;
  }
  const lanes = new Float64Array(8);
  eachRun(x.length, channels, inner, first, (channel, start, end) => {
    const scale = scales[channel]!;
    const zeroPoint = zeroPoints === null ? 0 : zeroPoints[channel]!;
    const least = low - zeroPoint;
    const most = high - zeroPoint;
    lanes.fill(0);
    for (let i = start; i < end; i++) {
      const whole = roundInto(Math.fround(x[i]! / scale), least, most);
      if (codes !== null) codes[i] = whole + zeroPoint;
      if (errors !== null) {
        const error = Math.fround(whole * scale) - x[i]!;
        lanes[(i - start) & 7]! += error * error;
      }
    }
    if (errors !== null) errors[channel]! += sumOfLanes(lanes);
  });
}

function quantizeInterleaved(
  x: Float32Array,
  channels: number,
  first: number,
  scales: Float32Array,
  zeroPoints: Int32Array | null,
  low: number,
  high: number,
  codes: Codes | null,
  errors: Float64Array | null,
): void {
  let channel = first % channels;
  for (let i = 0; i < x.length; i++) {
    const scale = scales[channel]!;
    const zeroPoint = zeroPoints === null ? 0 : zeroPoints[channel]!;
    const whole = roundInto(Math.fround(x[i]! / scale), low - zeroPoint, high - zeroPoint);
    if (codes !== null) codes[i] = whole + zeroPoint;
    if (errors !== null) {
      const error = Math.fround(whole * scale) - x[i]!;
      errors[channel]! += error * error;
    }
    if (++channel === channels) channel = 0;
  }
}

/** The nearest whole number inside least…most, ties to even; NaN gives `least`. */
function roundInto(value: number, least: number, most: number): number {
  return (value > least ? Math.min(value, most) : least) + ROUND - ROUND;
}

function sumOfLanes(lanes: Float64Array): number {
  const [a, b, c, d, e, f, g, h] = lanes as unknown as [number, number, number, number, number, number, number, number];
  return a + e + (c + g) + (b + f + (d + h));
}
