/** What the wire walkers know of each message of onnx.proto: the generated descriptors, turned into tables by field number. */

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { TensorProtoSchema } from './generated/onnx_pb';

export const wire = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

export interface FieldShape {
  readonly name: string;
  /** The wire type of one element. */
  readonly wireType: number;
  /** Numbers of a repeated field may also come as one packed record. */
  readonly packable: boolean;
  /** The fields of the message that it holds. */
  readonly message: MessageShape | null;
  /** Elements of a tensor: left where they are. */
  readonly payload: boolean;
}

export interface MessageShape {
  readonly name: string;
  readonly isTensor: boolean;
  readonly fields: ReadonlyMap<number, FieldShape>;
}

/** Fields of TensorProto that hold its elements. */
export const payloadField = { float: 4, int32: 5, int64: 7, raw: 9, double: 10, uint64: 11 } as const;

/**
 * Number of the field that stands for a payload in a skeleton. Protobuf keeps 19000…19999 for its implementations, so
 * no .proto file can define it.
 */
export const markerField = 19_777;

const shapes = new Map<DescMessage, MessageShape>();

/** The table of a message; made once, with those of the messages inside it. */
export function shapeOf(descriptor: DescMessage): MessageShape {
  const known = shapes.get(descriptor);
  if (known !== undefined) return known;
  const fields = new Map<number, FieldShape>();
  const isTensor = descriptor.typeName === TensorProtoSchema.typeName;
  const shape: MessageShape = { name: descriptor.name, isTensor, fields };
  shapes.set(descriptor, shape);
  const payloads: readonly number[] = Object.values(payloadField);
  for (const field of descriptor.fields) {
    const wireType = wireTypeOf(field);
    fields.set(field.number, {
      name: field.name,
      wireType,
      packable: field.fieldKind === 'list' && wireType !== wire.bytes,
      message: field.message === undefined ? null : shapeOf(field.message),
      payload: isTensor && payloads.includes(field.number),
    });
  }
  return shape;
}

function wireTypeOf(field: DescField): number {
  switch (field.scalar) {
    case undefined:
      return field.message === undefined ? wire.varint : wire.bytes; // an enum, or a message
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return wire.bytes;
    case ScalarType.FLOAT:
      return wire.fixed32;
    case ScalarType.DOUBLE:
      return wire.fixed64;
    default:
      return wire.varint;
  }
}
