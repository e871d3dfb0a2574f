/** ONNX's element types: name, code in TensorProto.DataType, bits an element. */

/** Source: onnx.proto3, TensorProto.DataType. */
const table = {
  float32: { code: 1, bits: 32 },
  uint8: { code: 2, bits: 8 },
  int8: { code: 3, bits: 8 },
  uint16: { code: 4, bits: 16 },
  int16: { code: 5, bits: 16 },
  int32: { code: 6, bits: 32 },
  int64: { code: 7, bits: 64 },
  string: { code: 8, bits: 0 },
  bool: { code: 9, bits: 8 },
  float16: { code: 10, bits: 16 },
  float64: { code: 11, bits: 64 },
  uint32: { code: 12, bits: 32 },
  uint64: { code: 13, bits: 64 },
  complex64: { code: 14, bits: 64 },
  complex128: { code: 15, bits: 128 },
  bfloat16: { code: 16, bits: 16 },
  float8e4m3fn: { code: 17, bits: 8 },
  float8e4m3fnuz: { code: 18, bits: 8 },
  float8e5m2: { code: 19, bits: 8 },
  float8e5m2fnuz: { code: 20, bits: 8 },
  uint4: { code: 21, bits: 4 },
  int4: { code: 22, bits: 4 },
  float4e2m1: { code: 23, bits: 4 },
  float8e8m0: { code: 24, bits: 8 },
  uint2: { code: 25, bits: 2 },
  int2: { code: 26, bits: 2 },
} as const;

export type DType = keyof typeof table;

const names = new Map<number, DType>((Object.keys(table) as DType[]).map((name) => [table[name].code, name]));

/** TensorProto.DataType code of a dtype. */
export function dtypeCode(dtype: DType): number {
  return table[dtype].code;
}

/** The dtype of a TensorProto.DataType code; undefined for 0 and for codes of later versions. */
export function dtypeFromCode(code: number): DType | undefined {
  return names.get(code);
}

/** Bits an element; 0 for `string`. */
export function dtypeBits(dtype: DType): number {
  return table[dtype].bits;
}

/** Bytes that `elements` elements take in `raw_data` (4-bit types pack two a byte, 2-bit types four). */
export function dtypeBytes(dtype: DType, elements: number): number {
  return Math.ceil((elements * table[dtype].bits) / 8);
}
