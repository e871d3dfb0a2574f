/** ONNX's textual names of element types. Source: onnx/onnx/defs/parser.h, PrimitiveTypeNameMap. */

import type { DType } from '../../ir';

/** Where the textual name differs from ours. */
const differing: Readonly<Partial<Record<string, DType>>> = { float: 'float32', double: 'float64' };

const same: readonly DType[] = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
];

const dtypes = new Map<string, DType>([
  ...same.map((dtype): [string, DType] => [dtype, dtype]),
  ...(Object.entries(differing) as [string, DType][]),
]);
const names = new Map([...dtypes].map(([name, dtype]) => [dtype, name]));

/** The dtype of a textual name; undefined where it names none. */
export function dtypeOfText(name: string): DType | undefined {
  return dtypes.get(name);
}

/** The textual name of a dtype. */
export function textOfDType(dtype: DType): string {
  return names.get(dtype) ?? dtype;
}
