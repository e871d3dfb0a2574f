/** What a node computes on, seen through the Q/DQ pairs and casts that quantization and half precision set before it. */

import type { DType, GraphIndex, Node } from '../onnx/ir';

export interface SeenThrough {
  /** The value before quantization, or the weight as it is stored. */
  readonly value: string;
  /** As stored; null where nothing was seen through. */
  readonly dtype: DType | null;
}

/** Follows a value back through DequantizeLinear, QuantizeLinear and, to a weight, Cast. */
export function seeThrough(index: GraphIndex, value: string): SeenThrough {
  const node = index.producer(value);
  const stored = node?.inputs[0] ?? '';
  if (node?.opType !== 'DequantizeLinear' && node?.opType !== 'Cast') return { value, dtype: null };
  const weight = index.graph.initializers.get(stored);
  if (weight !== undefined) return { value: stored, dtype: weight.dtype };
  if (node.opType === 'Cast') return { value, dtype: null };
  const quantize = index.producer(stored);
  if (quantize?.opType !== 'QuantizeLinear') return { value, dtype: null };
  const zeroPoint = index.graph.initializers.get(quantize.inputs[2] ?? '');
  return { value: seeThrough(index, quantize.inputs[0] ?? '').value, dtype: zeroPoint?.dtype ?? 'uint8' };
}

/** Whether the node only carries a value into another type for the one behind it. */
export function isQuantizer({ opType }: Node): boolean {
  return opType === 'QuantizeLinear' || opType === 'DequantizeLinear';
}
