/** The way back from {@link scanModel}: a skeleton with its markers filled in, as a row of pieces to be written. */

import { ModelProtoSchema } from './generated/onnx_pb';
import { type MessageShape, markerField, payloadField, shapeOf, wire } from './message-shape';
import { dataLength } from './tensor-data';
import type { PackedData, Skeleton } from './to-proto';

/** Bytes of the skeleton, or the data of a tensor. */
export type Piece = Uint8Array | PackedData;

export interface FilledSkeleton {
  readonly pieces: readonly Piece[];
  /** Of all pieces together. */
  readonly length: number;
}

/** The whole ModelProto: each marker becomes a `raw_data` field, and the messages around it get their new lengths. */
export function fillSkeleton(skeleton: Skeleton): FilledSkeleton {
  const filler = new Filler(skeleton);
  return (
    filler.fill(shapeOf(ModelProtoSchema), 0, skeleton.bytes.length) ?? {
      pieces: [skeleton.bytes],
      length: skeleton.bytes.length,
    }
  );
}

class Filler {
  readonly #bytes: Uint8Array;
  readonly #payloads: readonly PackedData[];
  #next = 0;

  constructor(skeleton: Skeleton) {
    this.#bytes = skeleton.bytes;
    this.#payloads = skeleton.payloads;
  }

  /** null where [start, end) holds no marker and stays as it is. */
  fill(shape: MessageShape, start: number, end: number): FilledSkeleton | null {
    const pieces: Piece[] = [];
    let length = 0;
    let keptFrom = start;
    const replace = (from: number, to: number, filled: readonly Piece[], filledLength: number) => {
      if (from > keptFrom) pieces.push(this.#bytes.subarray(keptFrom, from));
      for (const piece of filled) pieces.push(piece);
      length += from - keptFrom + filledLength;
      keptFrom = to;
    };
    for (let at = start; at < end; ) {
      const fieldStart = at;
      const tag = this.#varint(at);
      at = this.#next;
      const number = Math.floor(tag / 8);
      const wireType = tag % 8;
      if (wireType === wire.bytes) {
        const bodyLength = this.#varint(at);
        const bodyStart = this.#next;
        at = bodyStart + bodyLength;
        const message = shape.fields.get(number)?.message ?? null;
        const body = message === null ? null : this.fill(message, bodyStart, at);
        if (body === null) continue;
        const head = varints(tag, body.length);
        replace(fieldStart, at, [head, ...body.pieces], head.length + body.length);
      } else if (shape.isTensor && number === markerField) {
        const data = this.#payloads[this.#varint(at)] as PackedData;
        at = this.#next;
        const head = varints(payloadField.raw * 8 + wire.bytes, dataLength(data));
        replace(fieldStart, at, [head, data], head.length + dataLength(data));
      } else at = this.#skip(wireType, at);
    }
    if (pieces.length === 0) return null;
    replace(end, end, [], 0);
    return { pieces, length };
  }

  /** Fields of our own writing: whole, and at most groups that came from the user's file. */
  #skip(wireType: number, at: number): number {
    if (wireType === wire.fixed32) return at + 4;
    if (wireType === wire.fixed64) return at + 8;
    if (wireType === wire.varint) {
      this.#varint(at);
      return this.#next;
    }
    if (wireType === wire.bytes) {
      const length = this.#varint(at);
      return this.#next + length;
    }
    for (let inside = at; ; ) {
      const tag = this.#varint(inside);
      inside = this.#next;
      if (tag % 8 === wire.endGroup) return inside;
      inside = this.#skip(tag % 8, inside);
    }
  }

  #varint(at: number): number {
    let value = 0;
    let scale = 1;
    let place = at;
    for (; ; place++) {
      const byte = this.#bytes[place] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    this.#next = place + 1;
    return value;
  }
}

function varints(...values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let value of values) {
    for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
    bytes.push(value);
  }
  return Uint8Array.from(bytes);
}
