/** Scale and zero point: real = (quantized − zeroPoint) · scale. */

/** The real interval that the integers of a tensor must cover; always holds 0. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export type ActivationType = 'uint8' | 'int8' | 'uint16';

/** Of an activation: one scale for the whole tensor. */
export interface ActivationParams {
  readonly dtype: ActivationType;
  /** A float32 value > 0. */
  readonly scale: number;
  readonly zeroPoint: number;
}

const bounds = { uint8: [0, 255], int8: [-128, 127], uint16: [0, 65_535] } as const;

/** Below it a scale's reciprocal leaves float32's range. */
const smallestScale = 2 ** -126;

/** The range widened to hold 0, so that padding and Relu are exact. */
export function rangeWithZero(low: number, high: number): Range {
  return { low: Math.min(0, low), high: Math.max(0, high) };
}

/**
 * Params that cover the range with all levels of the type.
 * @param symmetric zero in the middle of the levels, unless the range lies on one side of 0
 */
export function activationParams(range: Range, dtype: ActivationType, symmetric: boolean): ActivationParams {
  const [lowest, highest] = bounds[dtype];
  const { low, high } = range;
  if (symmetric && low < 0 && high > 0) {
    const magnitude = Math.max(-low, high);
    const half = (highest - lowest - 1) / 2;
    return { dtype, scale: positiveScale(magnitude / half), zeroPoint: dtype === 'int8' ? 0 : half + 1 };
  }
  const scale = positiveScale((high - low) / (highest - lowest));
  const zeroPoint = Math.round(lowest - low / scale);
  return { dtype, scale, zeroPoint: Math.min(highest, Math.max(lowest, zeroPoint)) };
}

/** The nearest float32 above 0; 1 where the tensor is all zeros. */
export function positiveScale(scale: number): number {
  return scale === 0 ? 1 : Math.max(smallestScale, Math.fround(scale));
}

/** The real values that the smallest and the largest integer stand for. */
export function coveredRange({ dtype, scale, zeroPoint }: ActivationParams): Range {
  const [lowest, highest] = bounds[dtype];
  return { low: (lowest - zeroPoint) * scale, high: (highest - zeroPoint) * scale };
}
