/** Protobuf's wire format written by hand, for files that no library would write. */

export type Bytes = Uint8Array | readonly number[];

export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

export function joined(...parts: readonly Bytes[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

export function varintField(number: number, value: number | bigint): Uint8Array {
  return joined(varint(number * 8), varint(value));
}

export function bytesField(number: number, ...body: readonly Bytes[]): Uint8Array {
  const bytes = joined(...body);
  return joined(varint(number * 8 + 2), varint(bytes.length), bytes);
}

export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, new TextEncoder().encode(text));
}

/** One float32 with its tag. */
export function floatField(number: number, value: number): Uint8Array {
  return joined(varint(number * 8 + 5), new Uint8Array(Float32Array.of(value).buffer));
}

/** A ModelProto of IR version 10 and opset 21 around the fields of a GraphProto. */
export function modelBytes(...graphFields: readonly Bytes[]): Uint8Array {
  return joined(varintField(1, 10), bytesField(8, varintField(2, 21)), bytesField(7, ...graphFields));
}

/** An initializer of a GraphProto: name, dims, data type, and the fields of its elements. */
export function initializer(
  name: string,
  dims: readonly number[],
  dataType: number,
  ...payload: readonly Bytes[]
): Uint8Array {
  const shape = dims.map((dim) => varintField(1, dim));
  return bytesField(5, ...shape, varintField(2, dataType), ...payload, textField(8, name));
}
