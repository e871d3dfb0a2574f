/**
 * Walks the protobuf wire format of a model through a small window and leaves the elements of tensors where they are.
 * What remains is a skeleton: the same messages, with a marker in the place of each payload.
 * Source: protobuf's encoding guide, https://protobuf.dev/programming-guides/encoding/.
 */

import { LatheError } from '../../contract';
import { type ByteSource, whenDamaged } from './byte-source';
import { ModelProtoSchema } from './generated/onnx_pb';
import { type FieldShape, type MessageShape, markerField, shapeOf, wire } from './message-shape';

/** One record, or one run of unpacked records, of a tensor's element fields. */
export interface Payload {
  /** A number of {@link payloadField}. */
  readonly field: number;
  /** Elements lie side by side; otherwise each has its tag before it. */
  readonly packed: boolean;
  readonly offset: number;
  readonly length: number;
  /** The record itself where it is small. */
  readonly bytes: Uint8Array | null;
}

/** Tensors of more bytes than this stay in their file. */
export const smallBytes = 1024;

export interface Scan {
  /** A ModelProto whose TensorProtos hold marker numbers: places in `payloads`. */
  readonly skeleton: Uint8Array;
  readonly payloads: readonly Payload[];
}

export const scanLimits = {
  /** protobuf's own limit; what lies deeper can be read by no runtime. */
  depth: 100,
  skeletonBytes: 256 * 2 ** 20,
  /** Records outside payloads: each becomes an object of some hundred bytes. */
  records: 12_000_000,
};
export type ScanLimits = typeof scanLimits;

const windowBytes = 64 * 1024;

/**
 * Reads the structure of a ModelProto.
 * @throws LatheError that names file, byte offset and field, where a length does not fit its message or a tag is wrong
 */
export function scanModel(source: ByteSource, limits: ScanLimits = scanLimits): Scan {
  const scanner = new Scanner(source, limits);
  scanner.message(shapeOf(ModelProtoSchema), 0, source.length, 1);
  return { skeleton: scanner.skeleton.finish(), payloads: scanner.payloads };
}

class Scanner {
  readonly skeleton: SkeletonBuffer;
  readonly payloads: Payload[] = [];
  readonly #source: ByteSource;
  readonly #limits: ScanLimits;
  readonly #path: string[] = [];
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #records = 0;
  /** Where the last varint ended. */
  #next = 0;
  /** Field number and wire type of the last tag. */
  #number = 0;
  #wireType = 0;
  /** Length of the last length-delimited value, without the length itself. */
  #lastLength = 0;

  constructor(source: ByteSource, limits: ScanLimits) {
    this.#source = source;
    this.#limits = limits;
    this.skeleton = new SkeletonBuffer(limits.skeletonBytes, () =>
      this.#error(0, `holds more than ${this.#limits.skeletonBytes} bytes besides its tensors`),
    );
  }

  message(shape: MessageShape, start: number, end: number, depth: number): void {
    if (depth > this.#limits.depth)
      throw this.#error(start, `messages are nested more than ${this.#limits.depth} deep`);
    // What needs no change is copied in one go, from here up to the next field that does.
    let keptFrom = start;
    for (let at = start; at < end; ) {
      if (++this.#records > this.#limits.records) {
        throw this.#error(at, `holds more than ${this.#limits.records} records besides its tensors`);
      }
      this.#tag(at, end);
      const field = shape.fields.get(this.#number);
      if (shape.isTensor && this.#number === markerField)
        throw this.#error(at, `uses field number ${markerField}, which protobuf keeps for itself`);
      if (field !== undefined) this.#checkWireType(field, at);
      if (field === undefined || (field.message === null && !field.payload)) {
        at = this.#endOfValue(this.#next, end, depth);
        continue;
      }
      this.#copy(keptFrom, at);
      at = field.payload
        ? this.#payload(at, end, depth)
        : this.#inner(field, field.message as MessageShape, end, depth);
      keptFrom = at;
    }
    this.#copy(keptFrom, end);
  }

  #checkWireType(field: FieldShape, at: number): void {
    const fits = this.#wireType === field.wireType || (this.#wireType === wire.bytes && field.packable);
    if (fits) return;
    throw this.#error(at, `field ${field.name} has wire type ${this.#wireType} instead of ${field.wireType}`);
  }

  #inner(field: FieldShape, shape: MessageShape, end: number, depth: number): number {
    const number = this.#number;
    const bodyEnd = this.#endOfValue(this.#next, end, depth);
    const mark = this.skeleton.open(number);
    this.#path.push(field.name);
    this.message(shape, bodyEnd - this.#lastLength, bodyEnd, depth + 1);
    this.#path.pop();
    this.skeleton.close(mark);
    return bodyEnd;
  }

  /** A packed record, or the run of unpacked ones that begins at `at`. */
  #payload(at: number, end: number, depth: number): number {
    const field = this.#number;
    const packed = this.#wireType === wire.bytes;
    let payloadEnd = this.#endOfValue(this.#next, end, depth);
    const start = packed ? payloadEnd - this.#lastLength : at;
    if (!packed) payloadEnd = this.#endOfRun(payloadEnd, end, depth);
    const length = payloadEnd - start;
    this.skeleton.marker(this.payloads.length);
    const bytes = length <= smallBytes ? this.#smallRange(start, payloadEnd) : null;
    this.payloads.push({ field, packed, offset: start, length, bytes });
    return payloadEnd;
  }

  /** Where a run of records with the tag that was last read ends; it goes on from a record that ends at `at`. */
  #endOfRun(at: number, end: number, depth: number): number {
    const [number, wireType] = [this.#number, this.#wireType];
    let runEnd = at;
    while (runEnd < end) {
      this.#tag(runEnd, end);
      if (this.#number !== number || this.#wireType !== wireType) break;
      runEnd = this.#endOfValue(this.#next, end, depth);
    }
    return runEnd;
  }

  /** Where the value ends that begins at `at` and whose tag was last read. */
  #endOfValue(at: number, end: number, depth: number): number {
    switch (this.#wireType) {
      case wire.varint:
        this.#varint(at, end);
        return this.#next;
      case wire.fixed64:
        return this.#within(at, 8, end);
      case wire.fixed32:
        return this.#within(at, 4, end);
      case wire.bytes: {
        const length = this.#varint(at, end);
        this.#lastLength = length;
        return this.#within(this.#next, length, end);
      }
      case wire.startGroup:
        return this.#endOfGroup(this.#number, at, end, depth + 1);
      default:
        throw this.#error(at, `wire type ${this.#wireType} cannot stand here`);
    }
  }

  #endOfGroup(number: number, at: number, end: number, depth: number): number {
    if (depth > this.#limits.depth) throw this.#error(at, `groups are nested more than ${this.#limits.depth} deep`);
    while (at < end) {
      this.#tag(at, end);
      if (this.#wireType === wire.endGroup) {
        if (this.#number !== number) throw this.#error(at, `group ${number} ends as group ${this.#number}`);
        return this.#next;
      }
      at = this.#endOfValue(this.#next, end, depth);
    }
    throw this.#error(at, `group ${number} does not end`);
  }

  #within(start: number, length: number, end: number): number {
    if (length > end - start) {
      throw this.#error(start, `a field claims ${length} bytes where ${end - start} are left`);
    }
    return start + length;
  }

  /** Reads a tag into `#number` and `#wireType`. */
  #tag(at: number, end: number): void {
    const tag = this.#varint(at, end);
    this.#number = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.#number === 0 || this.#number >= 2 ** 29) {
      throw this.#error(at, `field number ${this.#number} does not exist`);
    }
  }

  /** A base-128 number; exact below 2^53, and what is larger is too large for every use that is made of the value. */
  #varint(at: number, end: number): number {
    let value = 0;
    let scale = 1;
    for (let place = at; place < at + 10; place++) {
      if (place >= end) throw this.#error(place, 'a number is cut off');
      const byte = this.#byte(place);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#next = place + 1;
        return value;
      }
      scale *= 128;
    }
    throw this.#error(at, 'a number has more than ten bytes');
  }

  #byte(at: number): number {
    const known = this.#window[at - this.#windowStart];
    if (known !== undefined) return known;
    this.#window = this.#source.read(at, Math.min(windowBytes, this.#source.length - at));
    this.#windowStart = at;
    return this.#window[0] as number;
  }

  /** Copies [start, end) of the source into the skeleton. */
  #copy(start: number, end: number): void {
    for (let at = start; at < end; ) {
      const part = this.#windowFrom(at, end);
      this.skeleton.append(part);
      at += part.length;
    }
  }

  #smallRange(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const part = this.#windowFrom(at, end);
      bytes.set(part, at - start);
      at += part.length;
    }
    return bytes;
  }

  /** What the window has of [at, end), at least one byte. */
  #windowFrom(at: number, end: number): Uint8Array {
    this.#byte(at);
    const offset = at - this.#windowStart;
    return this.#window.subarray(offset, Math.min(this.#window.length, offset + end - at));
  }

  #error(offset: number, what: string): LatheError {
    const path = this.#path.length === 0 ? '' : ` in ${this.#path.slice(0, 12).join('.')}`;
    return new LatheError({
      who: this.#source.name,
      what: `not a readable ONNX model: ${what}`,
      where: `byte ${offset} of ${this.#source.length}${path}`,
      next: whenDamaged,
    });
  }
}

/** Four bytes for every length, so that it can be put in when the message is complete. */
const lengthBytes = 4;

/** The skeleton as it grows. */
class SkeletonBuffer {
  #bytes = new Uint8Array(16 * 1024);
  #length = 0;
  readonly #maxBytes: number;
  readonly #tooLarge: () => Error;

  constructor(maxBytes: number, tooLarge: () => Error) {
    this.#maxBytes = maxBytes;
    this.#tooLarge = tooLarge;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Begins a message; the mark goes to {@link SkeletonBuffer.close}. */
  open(field: number): number {
    this.#varint(field * 8 + wire.bytes);
    this.#reserve(lengthBytes);
    this.#length += lengthBytes;
    return this.#length;
  }

  close(mark: number): void {
    let length = this.#length - mark;
    for (let place = 0; place < lengthBytes; place++) {
      this.#bytes[mark - lengthBytes + place] = (length & 0x7f) | (place === lengthBytes - 1 ? 0 : 0x80);
      length = Math.floor(length / 128);
    }
  }

  marker(place: number): void {
    this.#varint(markerField * 8 + wire.varint);
    this.#varint(place);
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #varint(value: number): void {
    this.#reserve(8);
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    this.#bytes[this.#length++] = value;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    if (this.#length + more >= this.#maxBytes) throw this.#tooLarge();
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(this.#bytes.length * 2, this.#length + more)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
