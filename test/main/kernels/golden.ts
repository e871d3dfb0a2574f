import { readFileSync } from 'node:fs';

/** Golden values that `test/golden/kernels/make.py` made with numpy 2.4.6. */
export const golden = JSON.parse(readFileSync(new URL('../../golden/kernels/kernels.json', import.meta.url), 'utf8'));

/** The elements that `packed` of make.py wrote. */
export function unpack<T>(
  Elements: new (buffer: ArrayBuffer, offset: number, length: number) => T,
  bytesPerElement: number,
  text: string,
): T {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  return new Elements(bytes.buffer, 0, bytes.byteLength / bytesPerElement);
}

export const floats = (text: string): Float32Array => unpack(Float32Array, 4, text);
