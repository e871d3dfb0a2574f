/** Codes of 2, 4 or 8 bits side by side, the first of a byte in its lowest bits, as ONNX and MatMulNBits keep them. */

export function unpackBits(bytes: Uint8Array, bits: number, count: number): Uint8Array {
  const mask = 2 ** bits - 1;
  return Uint8Array.from(
    { length: count },
    (_, at) => ((bytes[(at * bits) >> 3] as number) >> ((at * bits) & 7)) & mask,
  );
}

export function packBits(codes: Uint8Array, bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  codes.forEach((code, at) => {
    const place = (at * bits) >> 3;
    bytes[place] = (bytes[place] as number) | (code << ((at * bits) & 7));
  });
  return bytes;
}

/** As onnxruntime rounds; exact for |x| < 2⁵¹. */
export function roundHalfToEven(value: number): number {
  const magic = 6755399441055744;
  return value + magic - magic;
}
