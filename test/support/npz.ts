/** Writes small .npz files, so that a test says in one line what its data holds. */

import { writeFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';
import { type NdArray, toBytes } from '../../src-main/onnx/ir';

const descr: Readonly<Record<string, string>> = {
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  bool: '|b1',
};

/** One array as .npy, format 1.0. */
export function npyBytes(array: NdArray): Uint8Array {
  const texts = array.dtype === 'string' ? (array.data as string[]) : null;
  const width = texts === null ? 0 : Math.max(1, ...texts.map((text) => [...text].length));
  const type = texts === null ? descr[array.dtype] : `<U${width}`;
  const shape = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape}), }`;
  const header = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11)}\n`;
  const prelude = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  const payload = texts === null ? toBytes(array) : utf32(texts, width);
  return Buffer.concat([prelude, Buffer.from(header, 'latin1'), payload]);
}

function utf32(texts: readonly string[], width: number): Uint8Array {
  const words = new Uint32Array(texts.length * width);
  texts.forEach((text, row) => {
    [...text].forEach((letter, at) => {
      words[row * width + at] = letter.codePointAt(0) as number;
    });
  });
  return new Uint8Array(words.buffer);
}

export interface ZipEntry {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  /** What the directory says instead of the truth. */
  readonly lie?: {
    readonly size?: number;
    readonly packedSize?: number;
    readonly crc?: number;
    readonly method?: number;
    readonly flags?: number;
  };
}

/** A .zip file of the given members. */
export function zipBytes(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, deflate = false, lie = {} } of entries) {
    const packed = deflate ? deflateRawSync(content) : content;
    const nameBytes = Buffer.from(name, 'utf8');
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(lie.flags ?? 0, 2);
    common.writeUInt16LE(lie.method ?? (deflate ? 8 : 0), 4);
    common.writeUInt32LE(lie.crc ?? crc32(content), 10);
    common.writeUInt32LE(lie.packedSize ?? packed.length, 14);
    common.writeUInt32LE(lie.size ?? content.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, nameBytes]));
    parts.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, entry) => sum + entry.length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/** Writes arrays as a .npz file, compressed unless told otherwise. */
export function writeNpz(path: string, arrays: Readonly<Record<string, NdArray>>, deflate = true): void {
  const entries = Object.entries(arrays).map(([name, array]) => ({
    name: `${name}.npy`,
    content: npyBytes(array),
    deflate,
  }));
  writeFileSync(path, zipBytes(entries));
}

export const float32 = (shape: readonly number[], values: ArrayLike<number>): NdArray<'float32'> => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
export const int64 = (shape: readonly number[], values: readonly number[]): NdArray<'int64'> => ({
  dtype: 'int64',
  shape,
  data: BigInt64Array.from(values.map(BigInt)),
});
export const texts = (values: readonly string[]): NdArray<'string'> => ({
  dtype: 'string',
  shape: [values.length],
  data: [...values],
});
