import { expect, it } from 'vitest';
import type { NdArray } from '../../../../src-main/onnx/ir';
import { openSession } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

const arrays: readonly NdArray[] = [
  { dtype: 'float32', shape: [2], data: Float32Array.of(-0.5, 3e38) },
  { dtype: 'float64', shape: [2], data: Float64Array.of(-0.5, 1e300) },
  { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xfbff) },
  { dtype: 'int8', shape: [2], data: Int8Array.of(-128, 127) },
  { dtype: 'uint8', shape: [2], data: Uint8Array.of(0, 255) },
  { dtype: 'int16', shape: [2], data: Int16Array.of(-32768, 32767) },
  { dtype: 'uint16', shape: [2], data: Uint16Array.of(0, 65535) },
  { dtype: 'int32', shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  { dtype: 'uint32', shape: [2], data: Uint32Array.of(0, 2 ** 32 - 1) },
  { dtype: 'int64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  { dtype: 'uint64', shape: [2], data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
  { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
  { dtype: 'string', shape: [2], data: ['', 'Größe 語'] },
  { dtype: 'float32', shape: [], data: Float32Array.of(7) },
];

for (const array of arrays) {
  it(`${array.dtype} [${array.shape}] comes back from a run as it went in`, async () => {
    const names = { float32: 'float', float64: 'double' } as Record<string, string>;
    const type = `${names[array.dtype] ?? array.dtype}${array.shape.length === 0 ? '' : `[${array.shape}]`}`;
    const session = await openSession(modelFromText(`g (${type} x) => (${type} y) { y = Identity (x) }`));
    expect(session.inputs[0]).toEqual({ name: 'x', kind: 'tensor', dtype: array.dtype, shape: array.shape });
    const { y } = await session.run({ x: array });
    expect(y).toEqual(array);
    await session.release();
  });
}
