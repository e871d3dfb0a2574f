/**
 * Elements that lie in the typed fields of a TensorProto (`float_data`, `int32_data` …) as packed little-endian bytes.
 * Floats are so already. Integers are varints of one to ten bytes: small tensors are converted at once, large ones
 * when asked for, part by part, with a checkpoint kept for every 16,384 elements.
 */

import { LatheError } from '../../contract';
import { type DType, dtypeBits, dtypeBytes, type TensorData } from '../ir';
import { type ByteSource, whenDamaged } from './byte-source';
import { payloadField } from './message-shape';
import { type Payload, smallBytes } from './scan';
import { readData } from './tensor-data';

/** The tensor, and its file, as messages name them, and what they say one may try. */
interface Speaker {
  readonly who: string;
  readonly where: string;
  readonly next: string;
}

/** One record or run, with its bytes or a reference to them. */
interface Segment {
  readonly data: TensorData;
  readonly length: number;
  readonly packed: boolean;
}

const fieldOfDType: Readonly<Partial<Record<DType, number>>> = {
  float32: payloadField.float,
  complex64: payloadField.float,
  float64: payloadField.double,
  complex128: payloadField.double,
  int64: payloadField.int64,
  uint32: payloadField.uint64,
  uint64: payloadField.uint64,
};

/**
 * The data of a tensor whose elements are in typed fields.
 * @param elements product of its dims
 * @throws LatheError where the dtype does not belong into the field, and (small tensors) where the count does not fit
 */
export function typedData(
  who: string,
  dtype: DType,
  elements: number,
  payloads: readonly Payload[],
  source: ByteSource,
): TensorData {
  const field = fieldOfDType[dtype] ?? payloadField.int32;
  const stray = payloads.find((payload) => payload.field !== field);
  if (stray !== undefined) {
    throw new LatheError({
      who,
      what: `${dtype} elements lie in field ${stray.field} instead of ${field}`,
      where: `${source.name}, byte ${stray.offset}`,
      next: whenDamaged,
    });
  }
  const segments = payloads.map(
    (payload): Segment => ({
      data:
        payload.bytes === null
          ? source.refer(payload.offset, payload.length)
          : { kind: 'inline', bytes: payload.bytes },
      length: payload.length,
      packed: payload.packed,
    }),
  );
  const only = segments[0];
  const fixed = field === payloadField.float || field === payloadField.double;
  if (fixed && segments.length === 1 && only?.packed === true) return only.data;
  const length = dtypeBytes(dtype, elements);
  const width = fixed ? (field === payloadField.float ? 4 : 8) : Math.max(1, dtypeBits(dtype) / 8);
  const speaker = { who, where: source.name, next: whenDamaged };
  const stream = new ElementStream(speaker, segments, fixed ? 'fixed' : 'varint', width, length / width);
  if (length <= smallBytes) return { kind: 'inline', bytes: stream.read(0, length) };
  const stored = segments.reduce((sum, segment) => sum + segment.length, 0);
  // The exact count is known when the elements are read; a shape that no such file can fill is refused before that.
  if (length / width > (fixed ? stored / width : stored)) {
    const what = `its shape asks for ${length / width} elements, ${stored} bytes are stored`;
    throw new LatheError({ ...speaker, what });
  }
  return { kind: 'derived', length, read: (start, end) => stream.read(start, end) };
}

const checkpointElements = 16_384;
const readBytes = 64 * 1024;

/** Random access to elements of a row of segments. */
class ElementStream {
  readonly #speaker: Speaker;
  readonly #segments: readonly Segment[];
  readonly #encoding: 'fixed' | 'varint';
  /** Bytes of an element when unpacked from the wire. */
  readonly #width: number;
  readonly #count: number;
  /** Cursor of every 16,384th element; made by the first read. */
  #checkpoints: Cursor[] | undefined;

  constructor(
    speaker: Speaker,
    segments: readonly Segment[],
    encoding: 'fixed' | 'varint',
    width: number,
    count: number,
  ) {
    this.#speaker = speaker;
    this.#segments = segments;
    this.#encoding = encoding;
    this.#width = width;
    this.#count = count;
  }

  /** Bytes [start, end) of the little-endian elements. */
  read(start: number, end: number): Uint8Array {
    this.#checkpoints ??= this.#index();
    if (end <= start) return new Uint8Array(0);
    const first = Math.floor(start / this.#width);
    const last = Math.ceil(end / this.#width);
    const checkpoint = Math.floor(first / checkpointElements);
    const reader = new ElementReader(
      this.#speaker,
      this.#segments,
      this.#encoding,
      this.#width,
      this.#checkpoints[checkpoint],
    );
    for (let element = checkpoint * checkpointElements; element < first; element++) reader.skip();
    const bytes = new Uint8Array((last - first) * this.#width);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length; at += this.#width) reader.write(view, at);
    return bytes.subarray(start - first * this.#width, end - first * this.#width);
  }

  #index(): Cursor[] {
    const reader = new ElementReader(this.#speaker, this.#segments, this.#encoding, this.#width);
    const checkpoints: Cursor[] = [];
    let count = 0;
    for (; !reader.atEnd(); count++) {
      if (count % checkpointElements === 0) checkpoints.push(reader.cursor());
      reader.skip();
    }
    if (count !== this.#count) {
      throw new LatheError({
        ...this.#speaker,
        what: `its shape asks for ${this.#count} elements, ${count} are stored`,
      });
    }
    return checkpoints;
  }
}

interface Cursor {
  readonly segment: number;
  readonly offset: number;
}

/** Goes through elements one after the other. */
class ElementReader {
  readonly #speaker: Speaker;
  readonly #segments: readonly Segment[];
  readonly #encoding: 'fixed' | 'varint';
  readonly #width: number;
  #segment: number;
  #offset: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #low = 0;
  #high = 0;

  constructor(
    speaker: Speaker,
    segments: readonly Segment[],
    encoding: 'fixed' | 'varint',
    width: number,
    from: Cursor = { segment: 0, offset: 0 },
  ) {
    this.#speaker = speaker;
    this.#segments = segments;
    this.#encoding = encoding;
    this.#width = width;
    this.#segment = from.segment;
    this.#offset = from.offset;
  }

  cursor(): Cursor {
    return { segment: this.#segment, offset: this.#offset };
  }

  atEnd(): boolean {
    while (this.#segment < this.#segments.length && this.#offset >= (this.#segments[this.#segment] as Segment).length) {
      this.#segment++;
      this.#offset = 0;
      this.#window = new Uint8Array(0);
    }
    return this.#segment >= this.#segments.length;
  }

  skip(): void {
    this.#readElement();
  }

  /** Puts the next element into `view` at `at`, cut to the element's width. */
  write(view: DataView, at: number): void {
    this.#readElement();
    if (this.#width === 1) view.setUint8(at, this.#low & 0xff);
    else if (this.#width === 2) view.setUint16(at, this.#low & 0xffff, true);
    else {
      view.setUint32(at, this.#low >>> 0, true);
      if (this.#width === 8) view.setUint32(at + 4, this.#high >>> 0, true);
    }
  }

  #readElement(): void {
    if (this.atEnd()) throw new LatheError({ ...this.#speaker, what: 'its stored elements end too early' });
    if (!(this.#segments[this.#segment] as Segment).packed) this.#readVarint(); // the tag
    if (this.#encoding === 'varint') this.#readVarint();
    else this.#readFixed();
  }

  #readFixed(): void {
    this.#low = this.#byte() | (this.#byte() << 8) | (this.#byte() << 16) | (this.#byte() << 24);
    if (this.#width === 8)
      this.#high = this.#byte() | (this.#byte() << 8) | (this.#byte() << 16) | (this.#byte() << 24);
  }

  /** A varint into its low and high 32 bits. */
  #readVarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    throw new LatheError({ ...this.#speaker, what: 'one of its stored numbers has more than ten bytes' });
  }

  #byte(): number {
    const known = this.#window[this.#offset - this.#windowStart];
    if (known !== undefined) {
      this.#offset++;
      return known;
    }
    const segment = this.#segments[this.#segment] as Segment;
    if (this.#offset >= segment.length)
      throw new LatheError({ ...this.#speaker, what: 'its stored elements are cut off' });
    this.#window = readData(segment.data, this.#offset, Math.min(segment.length, this.#offset + readBytes));
    this.#windowStart = this.#offset;
    return this.#window[this.#offset++ - this.#windowStart] as number;
  }
}
