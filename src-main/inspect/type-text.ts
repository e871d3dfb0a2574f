/** Types as texts. */

import type { ValueInfoReport } from '../contract';
import type { DType, TypeInfo, Value } from '../onnx/ir';

/** ONNX's own names where they differ from the dtype's. */
const onnxNames: Partial<Record<DType, string>> = { float32: 'float', float64: 'double' };

/** `float32` for a tensor; `seq(tensor(float))`, `map(int64,tensor(float))` and so on in ONNX's notation. */
export function typeText(type: TypeInfo | null): string {
  if (type === null) return 'unknown';
  return type.kind === 'tensor' ? type.dtype : onnxTypeText(type);
}

function onnxTypeText(type: TypeInfo): string {
  switch (type.kind) {
    case 'tensor':
      return `tensor(${onnxNames[type.dtype] ?? type.dtype})`;
    case 'sparse-tensor':
      return `sparse_tensor(${onnxNames[type.dtype] ?? type.dtype})`;
    case 'sequence':
      return `seq(${onnxTypeText(type.element)})`;
    case 'optional':
      return `optional(${onnxTypeText(type.element)})`;
    case 'map':
      return `map(${type.key},${onnxTypeText(type.value)})`;
  }
}

/** Name, type and shape of an edge; the shape of a sequence or map is null. */
export function valueReport({ name, type }: Value): ValueInfoReport {
  const shape = type !== null && 'shape' in type && type.shape !== null ? [...type.shape] : null;
  return { name, type: typeText(type), shape };
}
