/** Weights as signed 8-bit integers: real = (quantized − zero point) · scale[channel], the zero point nearly always 0. */

import { LatheError } from '../contract';
import { channelAbsMax, channelRange, countNonFinite, quantizeChannels } from '../kernels';
import { readTensorBytes } from '../onnx/file';
import { elementCount, type Tensor } from '../onnx/ir';
import { activationParams, positiveScale } from './quant-params';

/** Elements that are looked at together: 16 MB of float32. */
const partElements = 1 << 22;

/** Weights up to this many elements are made at once and held, larger ones made anew whenever they are read. */
const heldElements = 1 << 16;

/** Largest integer of a weight: the grid is symmetric, −128 is left out. */
export const int8Limit = 127;

export interface WeightScales {
  /** Axis of the channels; null: one scale for the whole tensor. */
  readonly axis: number | null;
  /** [channels] or [1]; float32 values > 0. */
  readonly scales: Float32Array;
  /** Largest integer where that is not {@link int8Limit}. */
  readonly limit?: number | undefined;
  /** The integer that stands for 0, where that is not 0; only with one scale for the whole tensor. */
  readonly zeroPoint?: number | undefined;
}

/**
 * Scales that cover each channel's largest magnitude.
 * @throws LatheError that names the tensor where a weight is NaN or infinite
 */
export function minMaxScales(weight: Tensor, axis: number | null, limit = int8Limit): WeightScales {
  const { channels, inner } = channelLayout(weight.shape, axis);
  const largest = new Float32Array(channels);
  for (const { first, part } of partsOf(weight)) {
    checkFinite(weight, part);
    channelAbsMax(part, channels, inner, first, largest);
  }
  return { axis, scales: Float32Array.from(largest, (magnitude) => positiveScale(magnitude / limit)), limit };
}

/**
 * One scale and zero point that spread all 256 integers from the least to the largest weight.
 * @throws LatheError that names the tensor where a weight is NaN or infinite
 */
export function wholeRangeScales(weight: Tensor): WeightScales {
  const [low, high] = [Float32Array.of(0), Float32Array.of(0)];
  for (const { part } of partsOf(weight)) {
    checkFinite(weight, part);
    channelRange(part, 1, part.length, 0, low, high);
  }
  const { scale, zeroPoint } = activationParams({ low: low[0]!, high: high[0]! }, 'int8', false);
  return { axis: null, scales: Float32Array.of(scale), zeroPoint };
}

/** Shares of a covering scale that are tried. */
const scaleShares = Array.from({ length: 26 }, (_, at) => 1 - 0.02 * at);

/**
 * Scales with the least squared error of each channel's weights: a few that are cut off may cost less than a finer step
 * for all others gains. Never worse than `covering`, which is among those tried.
 * Source: Nagel et al. 2021, arXiv:2106.08295, section 3.1 (mean squared error ranges).
 */
export function leastErrorScales(weight: Tensor, covering: WeightScales): WeightScales {
  const { axis, scales, limit = int8Limit } = covering;
  const { channels, inner } = channelLayout(weight.shape, axis);
  const errors = scaleShares.map(() => new Float64Array(channels));
  for (const { first, part } of partsOf(weight)) {
    for (let i = 0; i < part.length; i++) {
      const channel = axis === null ? 0 : Math.floor((first + i) / inner) % channels;
      for (let at = 0; at < scaleShares.length; at++) {
        const scale = scales[channel]! * scaleShares[at]!;
        const code = Math.max(-limit, Math.min(limit, Math.round(part[i]! / scale)));
        errors[at]![channel]! += (part[i]! - code * scale) ** 2;
      }
    }
  }
  const best = scales.map((scale, channel) => {
    let least = 0;
    for (let at = 1; at < scaleShares.length; at++) if (errors[at]![channel]! < errors[least]![channel]!) least = at;
    return positiveScale(scale * scaleShares[least]!);
  });
  return { ...covering, scales: best };
}

/** A weight as integers: what a rounding method gives. */
export interface QuantizedWeight {
  readonly scales: WeightScales;
  /** The int8 tensor, under a name of the caller's choice. */
  codes(name: string): Tensor;
  /** What rounding takes off the mean of each output, where that was measured with it: [out]. */
  readonly shift?: Float64Array | undefined;
}

/** Each weight to its nearest integer. */
export function roundToNearest(weight: Tensor, scales: WeightScales): QuantizedWeight {
  return { scales, codes: (name) => quantizedWeight(name, weight, scales) };
}

/** The int8 tensor of a float32 one, each element at its nearest integer. */
export function quantizedWeight(name: string, weight: Tensor, weightScales: WeightScales): Tensor {
  const { axis, scales, limit = int8Limit, zeroPoint = 0 } = weightScales;
  const { channels, inner } = channelLayout(weight.shape, axis);
  // A zero point comes with all 256 integers.
  const lowest = zeroPoint === 0 ? -limit : -128;
  const zeroPoints = zeroPoint === 0 ? null : new Int32Array(channels).fill(zeroPoint);
  const elements = elementCount(weight.shape);
  const make = (start: number, end: number): Uint8Array => {
    const q = new Int8Array(end - start);
    for (let from = start; from < end; from += partElements) {
      const to = Math.min(end, from + partElements);
      const codes = q.subarray(from - start, to - start);
      quantizeChannels(floats(weight, from, to), channels, inner, from, scales, zeroPoints, lowest, limit, codes, null);
    }
    return new Uint8Array(q.buffer);
  };
  const held = elements <= heldElements;
  return {
    name,
    dtype: 'int8',
    shape: weight.shape,
    data: held ? { kind: 'inline', bytes: make(0, elements) } : { kind: 'derived', length: elements, read: make },
  };
}

/** int8 integers as uint8 ones, 128 higher. */
export function unsigned(codes: Tensor): Tensor {
  const raise = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x80);
  const { data } = codes;
  if (data.kind === 'inline') return { ...codes, dtype: 'uint8', data: { kind: 'inline', bytes: raise(data.bytes) } };
  const read = (start: number, end: number) => raise(readTensorBytes(codes, start, end));
  return { ...codes, dtype: 'uint8', data: { kind: 'derived', length: elementCount(codes.shape), read } };
}

/** The float32 elements of a tensor part by part, in order. */
export function* partsOf(tensor: Tensor): Generator<{ readonly first: number; readonly part: Float32Array }> {
  const elements = elementCount(tensor.shape);
  for (let first = 0; first < elements; first += partElements)
    yield { first, part: floats(tensor, first, Math.min(elements, first + partElements)) };
}

/** Elements [from, to) of a float32 tensor. */
export function floats(tensor: Tensor, from: number, to: number): Float32Array {
  const bytes = readTensorBytes(tensor, from * 4, to * 4);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float32Array(aligned.buffer, aligned.byteOffset, to - from);
}

/** @throws LatheError that names the tensor where an element of the part is NaN or infinite */
export function checkFinite(tensor: Tensor, part: Float32Array): void {
  const broken = countNonFinite(part);
  if (broken === 0) return;
  throw new LatheError({
    who: `weight "${tensor.name}"`,
    what: `${broken} of its elements are NaN or infinite`,
    next: 'the model was saved with broken weights: export it again, or exclude the node that reads it',
  });
}

/** How a tensor's elements lie in channels: element `i` belongs to channel `⌊i / inner⌋ mod channels`. */
export interface ChannelLayout {
  readonly channels: number;
  readonly inner: number;
}

/** The layout of channels along `axis` of `shape`; `null`: the whole tensor is one channel. */
export function channelLayout(shape: readonly number[], axis: number | null): ChannelLayout {
  return axis === null
    ? { channels: 1, inner: 1 }
    : { channels: shape[axis] as number, inner: elementCount(shape.slice(axis + 1)) };
}
