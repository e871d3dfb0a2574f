import { expect, it } from 'vitest';
import { toOrtTensor } from '../../../../src-main/onnx/session/ort-tensor';
import { runtime } from '../../../../src-main/onnx/session/runtime';

/** What Node 24 brings and Node 20 lacks: onnxruntime only looks whether the global is there and has `from`. */
class VisibleFloat16Array extends Uint16Array {}

it('makes float16 tensors of 16-bit integers although Float16Array is visible, and puts the global back', () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  Object.defineProperty(globalThis, 'Float16Array', { value: VisibleFloat16Array, configurable: true });
  try {
    runtime();
    expect((globalThis as Record<string, unknown>).Float16Array).toBe(VisibleFloat16Array);
    const tensor = toOrtTensor({ dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) });
    // The native half takes a Uint16Array and nothing else.
    expect(Object.getPrototypeOf(tensor.data)).toBe(Uint16Array.prototype);
    expect(tensor.type).toBe('float16');
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'Float16Array');
    else Object.defineProperty(globalThis, 'Float16Array', before);
  }
});
