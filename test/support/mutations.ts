/** Damaged model files: whole small ones, and a way to break them that a seed repeats. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LatheError } from '../../src-main/contract';
import type { Random } from '../../src-main/kernels/random';
import { modelFromBytes, modelText, skeletonBytes } from '../../src-main/onnx/file';
import { ModelProtoSchema } from '../../src-main/onnx/file/generated/onnx_pb';
import { type MessageShape, shapeOf } from '../../src-main/onnx/file/message-shape';
import { modelFromText, randomTensor } from './model-from-text';
import { bytesField, floatField, initializer, joined, modelBytes, textField, varint, varintField } from './wire';

/** The models here are small: all of them fits into memory. */
const noSpill = {
  folder: (): string => {
    throw new Error('no weight should have been spilled');
  },
};

/** A record of the wire format; a message holds records, everything else holds bytes. */
interface Record {
  number: number;
  wireType: number;
  value: Uint8Array;
  fields: Record[] | null;
}

/** A length-delimited record: where its length is written and where its body lies. */
interface Extent {
  readonly tagAt: number;
  readonly lengthAt: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

interface Whole {
  readonly bytes: Uint8Array;
  readonly extents: readonly Extent[];
}

/** @param root of the checkout */
export function wholeModels(root: string): Whole[] {
  const golden = readFileSync(join(root, 'test/golden/onnx-text/syntax.onnx'));
  const convolution = modelFromText(
    'g (float[N,3,8,8] x) => (float[N,4,6,6] y) <int64[2] s = {1, -1}> { z = Conv <pads = [0,0,0,0]> (x, w) y = Relu (z) }',
    [randomTensor('w', [4, 3, 3, 3], 1), randomTensor('unused', [300], 2)],
  );
  const entry = (field: number, key: string, value: string) =>
    bytesField(field, textField(1, key), textField(2, value));
  const tensor = joined(varintField(1, 2), varintField(2, 1), floatField(4, 1), floatField(4, 2));
  const odd = joined(
    modelBytes(
      bytesField(15, bytesField(1, tensor), bytesField(2, tensor), varintField(3, 9)),
      initializer('packed', [3], 7, bytesField(7, varint(1), varint(-1), varint(300))),
      initializer('loose', [2], 6, varintField(5, 1), varintField(5, -7)),
      initializer('text', [2], 8, textField(6, 'a'), textField(6, 'b')),
      bytesField(
        1,
        textField(4, 'Odd'),
        bytesField(
          5,
          textField(1, 'sparse'),
          varintField(20, 12),
          bytesField(23, bytesField(1, tensor), bytesField(2, tensor)),
        ),
      ),
      bytesField(14, textField(1, 'note'), entry(2, 'SCALE', 's')),
    ),
    bytesField(20, bytesField(2, textField(2, 'train'), bytesField(5, tensor)), entry(4, 'a', 'b')),
    joined(varint(900 * 8 + 3), textField(1, 'group'), varint(900 * 8 + 4)),
    bytesField(1000, textField(1, 'later')),
  );
  const outside = modelBytes(
    initializer('w', [2], 1, varintField(14, 1), entry(13, 'location', 'w.bin'), entry(13, 'offset', '0')),
  );
  return [golden, skeletonBytes(convolution, noSpill).bytes, odd, odd, outside].map((bytes) => ({
    bytes,
    extents: extentsOf(bytes),
  }));
}

/** The records of a whole file. */
function recordsOf(bytes: Uint8Array, shape: MessageShape | null): Record[] {
  const records: Record[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, afterTag] = numberAt(bytes, at);
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    let [start, end] = [afterTag, afterTag];
    let message: MessageShape | null = null;
    if (wireType === 0) end = numberAt(bytes, afterTag)[1];
    else if (wireType === 5) end = afterTag + 4;
    else if (wireType === 1) end = afterTag + 8;
    else if (wireType === 2) {
      const [length, bodyStart] = numberAt(bytes, afterTag);
      [start, end] = [bodyStart, bodyStart + length];
      message = shape?.fields.get(number)?.message ?? null;
    }
    const value = bytes.subarray(start, end);
    records.push({ number, wireType, value, fields: message === null ? null : recordsOf(value, message) });
    at = end;
  }
  return records;
}

/** A record of its own: what is grafted must not hold itself. */
function copyOf(record: Record): Record {
  return { ...record, fields: record.fields?.map(copyOf) ?? null };
}

function bytesOf(records: readonly Record[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wireType, value, fields } of records) {
    const body = fields === null ? value : bytesOf(fields);
    parts.push(Uint8Array.from(varint(number * 8 + wireType)));
    if (wireType === 2) parts.push(Uint8Array.from(varint(body.length)));
    parts.push(body);
  }
  return joinedAll(parts);
}

function numberAt(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let place = at; ; place++) {
    const byte = bytes[place] as number;
    value += (byte & 0x7f) * 128 ** (place - at);
    if (byte < 0x80) return [value, place + 1];
  }
}

/** Every length-delimited record, messages inside messages included. */
function extentsOf(bytes: Uint8Array): Extent[] {
  const extents: Extent[] = [];
  const walk = (records: readonly Record[]): void => {
    for (const { wireType, value, fields } of records) {
      if (wireType !== 2) continue;
      const bodyStart = value.byteOffset - bytes.byteOffset;
      const lengthBytes = varint(value.length).length;
      extents.push({
        tagAt: bodyStart - lengthBytes - 1,
        lengthAt: bodyStart - lengthBytes,
        bodyStart,
        bodyEnd: bodyStart + value.length,
      });
      if (fields !== null) walk(fields);
    }
  };
  walk(recordsOf(bytes, shapeOf(ModelProtoSchema)));
  return extents;
}

/** One of the files, changed: its records, with lengths that fit, or any of its bytes, or both. */
export function mutated(wholes: readonly Whole[], random: Random): Uint8Array {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const whole = pick(wholes);
  const way = random.below(100);
  if (way < 20) return pick(informed)(whole, pick(wholes), random);
  const records = recordsOf(whole.bytes, shapeOf(ModelProtoSchema));
  const others = recordsOf(pick(wholes).bytes, shapeOf(ModelProtoSchema));
  // Repeats of repeats would make files of many megabytes.
  if (random.below(4) === 0) repeat(records, others, random);
  for (let more = random.below(4); more >= 0; more--) pick(regular)(records, others, random);
  let bytes = bytesOf(records);
  for (let more = way < 75 ? 0 : random.below(3); more >= 1; more--) bytes = pick(blind)(bytes, random);
  return bytes;
}

type Regular = (records: Record[], others: Record[], random: Random) => void;

/** A place in a list of records, somewhere in the tree. */
function anyPlace(records: Record[], random: Random): { list: Record[]; at: number } {
  const lists: Record[][] = [];
  const gather = (list: Record[]): void => {
    if (list.length > 0) lists.push(list);
    for (const { fields } of list) if (fields !== null) gather(fields);
  };
  gather(records);
  const list = lists[random.below(Math.max(1, lists.length))] ?? records;
  return { list, at: random.below(Math.max(1, list.length)) };
}

const repeat: Regular = (records, _, random) => {
  const { list, at } = anyPlace(records, random);
  const record = list[at];
  if (record === undefined) return;
  const times = Math.min(2 ** random.below(11), Math.floor(20_000 / (bytesOf([record]).length + 1)) + 1);
  list.splice(at, 0, ...new Array<Record>(times).fill(record));
};

const regular: readonly Regular[] = [
  function drop(records, _, random) {
    const { list, at } = anyPlace(records, random);
    list.splice(at, 1);
  },
  function swap(records, _, random) {
    const { list, at } = anyPlace(records, random);
    const other = random.below(Math.max(1, list.length));
    const [a, b] = [list[at], list[other]];
    if (a !== undefined && b !== undefined) [list[at], list[other]] = [b, a];
  },
  function graft(records, others, random) {
    const from = anyPlace(others, random);
    const to = anyPlace(records, random);
    const record = from.list[from.at];
    if (record !== undefined) to.list.splice(to.at, random.below(2), copyOf(record));
  },
  function changeValue(records, _, random) {
    const { list, at } = anyPlace(records, random);
    const record = list[at];
    if (record === undefined || record.fields !== null) return;
    const number = random.below(2) === 0 ? random.below(40) : (lies[random.below(lies.length)] as number | bigint);
    if (record.wireType === 0) list[at] = { ...record, value: Uint8Array.from(varint(number)) };
    else
      list[at] = {
        ...record,
        value: Uint8Array.from(record.value, (byte) => (random.below(3) === 0 ? random.below(256) : byte)),
      };
  },
  function changeNumber(records, _, random) {
    const { list, at } = anyPlace(records, random);
    const record = list[at];
    if (record !== undefined) list[at] = { ...record, number: 1 + random.below(27) };
  },
  function nest(records, _, random) {
    const { list, at } = anyPlace(records, random);
    const [inner, ...path] = [
      [1, 5, 6],
      [6, 1, 5],
      [5, 6, 1],
      [4, 1],
      [2, 5],
    ][random.below(5)] as [number, number];
    for (let level = 2 ** random.below(7), number: number = inner; level > 0; level--) {
      list[at] = { number, wireType: 2, value: new Uint8Array(0), fields: list[at] === undefined ? [] : [list[at]] };
      number = path[level % path.length] as number;
    }
  },
  function shareNames(records, _, random) {
    // Values that are made twice, rings, tensors that stand for others: texts change places.
    const one = anyPlace(records, random);
    const two = anyPlace(records, random);
    const [a, b] = [one.list[one.at], two.list[two.at]];
    if (a?.wireType === 2 && b?.wireType === 2 && a.fields === null && b.fields === null) {
      one.list[one.at] = { ...a, value: b.value };
    }
  },
];

type Informed = (whole: Whole, other: Whole, random: Random) => Uint8Array;

const lies = [0, 1, 127, 128, 2 ** 16, 2 ** 31 - 1, 2 ** 31, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

const informed: readonly Informed[] = [
  function nothing({ bytes }) {
    return bytes;
  },
  function lieAboutLength({ bytes, extents }, _, random) {
    const { lengthAt, bodyStart, bodyEnd } = extents[random.below(extents.length)] as Extent;
    const near = bodyEnd - bodyStart + random.below(9) - 4;
    const length = random.below(2) === 0 ? Math.max(0, near) : (lies[random.below(lies.length)] as number | bigint);
    return splice(bytes, lengthAt, bodyStart, Uint8Array.from(varint(length)));
  },
  function cutInsideRecord({ bytes, extents }, _, random) {
    const { tagAt, bodyEnd } = extents[random.below(extents.length)] as Extent;
    return bytes.subarray(0, tagAt + random.below(bodyEnd - tagAt + 1));
  },
  function putRecordOfOther(whole, other, random) {
    const to = whole.extents[random.below(whole.extents.length)] as Extent;
    const from = other.extents[random.below(other.extents.length)] as Extent;
    return splice(
      whole.bytes,
      to.tagAt,
      random.below(2) === 0 ? to.tagAt : to.bodyEnd,
      other.bytes.subarray(from.tagAt, from.bodyEnd),
    );
  },
  function repeatRecord({ bytes, extents }, _, random) {
    const { tagAt, bodyEnd } = extents[random.below(extents.length)] as Extent;
    const record = bytes.subarray(tagAt, bodyEnd);
    const times = Math.min(2 ** random.below(12), Math.floor(40_000 / record.length) + 1);
    return splice(bytes, tagAt, tagAt, joinedAll(new Array<Uint8Array>(times).fill(record)));
  },
  function nestRecord({ bytes, extents }, _, random) {
    const { tagAt, bodyEnd } = extents[random.below(extents.length)] as Extent;
    const fields = [[7], [1, 5, 6], [5, 11], [2, 4, 1], [3, 9, 1]][random.below(5)] as number[];
    let nested = bytes.subarray(tagAt, bodyEnd);
    for (let level = 2 ** random.below(8); level > 0; level--) {
      nested = joined(varint((fields[level % fields.length] as number) * 8 + 2), varint(nested.length), nested);
    }
    return splice(bytes, tagAt, bodyEnd, nested);
  },
  function overwriteBody({ bytes, extents }, _, random) {
    const { bodyStart, bodyEnd } = extents[random.below(extents.length)] as Extent;
    const noise = Uint8Array.from({ length: Math.min(64, bodyEnd - bodyStart) }, () => random.below(256));
    return splice(bytes, bodyStart, bodyStart + noise.length, noise);
  },
];

type Blind = (bytes: Uint8Array, random: Random) => Uint8Array;

const blind: readonly Blind[] = [
  function flipBit(bytes, random) {
    if (bytes.length === 0) return bytes;
    const changed = bytes.slice();
    const at = random.below(bytes.length);
    changed[at] = (changed[at] as number) ^ (1 << random.below(8));
    return changed;
  },
  function setByte(bytes, random) {
    if (bytes.length === 0) return bytes;
    const changed = bytes.slice();
    changed[random.below(bytes.length)] = [0, 0x7f, 0x80, 0xff, random.below(256)][random.below(5)] as number;
    return changed;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function remove(bytes, random) {
    const at = random.below(bytes.length + 1);
    return splice(bytes, at, Math.min(bytes.length, at + random.below(33)), new Uint8Array(0));
  },
  function insertNoise(bytes, random) {
    const at = random.below(bytes.length + 1);
    return splice(
      bytes,
      at,
      at,
      Uint8Array.from({ length: random.below(17) }, () => random.below(256)),
    );
  },
  function copyWithin(bytes, random) {
    const at = random.below(bytes.length + 1);
    const from = random.below(bytes.length + 1);
    return splice(bytes, at, at, bytes.subarray(from, from + random.below(65)));
  },
];

function splice(bytes: Uint8Array, start: number, end: number, put: Uint8Array): Uint8Array {
  return joinedAll([bytes.subarray(0, start), put, bytes.subarray(end)]);
}

function joinedAll(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/**
 * Opens a damaged file, and saves what opens: it must read back as the same model.
 * @returns the message of the one LatheError, or null where it is a model
 * @throws whatever else is thrown, and where a saved model reads back as another
 */
export function tryToOpen(bytes: Uint8Array): string | null {
  try {
    const model = modelFromBytes(bytes, 'damaged.onnx');
    const saved = skeletonBytes(model, noSpill).bytes;
    const [before, after] = [modelText(model), modelText(modelFromBytes(saved, 'saved.onnx'))];
    if (before !== after) throw new Error(`reads back as another model:\n${before}\n---\n${after}`);
    return null;
  } catch (error) {
    if (error instanceof LatheError) return error.message;
    throw error;
  }
}
