/**
 * numpy's .npy format: the header and the elements of one array.
 * Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".
 */

import { LatheError } from '../contract';
import { type ArrayDType, elementCount, fromBytes, type NdArray } from '../onnx/ir';

export interface NpyHeader {
  readonly dtype: ArrayDType;
  readonly shape: readonly number[];
  /** Bytes of one element in the file. */
  readonly itemSize: number;
  readonly bigEndian: boolean;
  /** How texts are kept: 4 bytes a code point, or 1 byte a Latin-1 letter. */
  readonly text: 'utf32' | 'bytes' | null;
  /** Where the elements start. */
  readonly dataOffset: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** Enough of the start of a file to know how long its header is. */
export const npyPreludeBytes = 12;
const largestHeader = 1 << 20;

/** Bytes from the start of the file to the elements, from its first {@link npyPreludeBytes} bytes. */
export function npyHeaderBytes(prelude: Uint8Array, who: string): number {
  if (prelude.length < npyPreludeBytes || magic.some((byte, at) => prelude[at] !== byte))
    throw new LatheError({ who, what: 'is not a numpy array (.npy)', next: 'write it with numpy.savez' });
  const view = new DataView(prelude.buffer, prelude.byteOffset, prelude.byteLength);
  const major = prelude[6] as number;
  if (major < 1 || major > 3)
    throw new LatheError({ who, what: `has .npy format version ${major}; versions 1 to 3 are read` });
  const bytes = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  if (bytes > largestHeader) throw new LatheError({ who, what: `states a header of ${bytes} bytes` });
  return bytes;
}

/**
 * Parses a whole header.
 * @throws LatheError for a dtype that no model input can take, and for Fortran order
 */
export function parseNpyHeader(bytes: Uint8Array, who: string): NpyHeader {
  const start = (bytes[6] as number) === 1 ? 10 : 12;
  const text = new TextDecoder().decode(bytes.subarray(start));
  const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shapeText = /'shape':\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || shapeText === undefined) {
    const structured = /'descr':\s*\[/.test(text);
    throw new LatheError({
      who,
      what: structured ? 'is a structured array' : 'has a header that cannot be read',
      next: 'save one plain array for each model input',
    });
  }
  const shape = (shapeText.match(/\d+/g) ?? []).map(Number);
  if (!Number.isSafeInteger(elementCount(shape)))
    throw new LatheError({ who, what: `states shape [${shape.join(', ')}]` });
  if (order === 'True' && shape.filter((dim) => dim > 1).length > 1) {
    throw new LatheError({
      who,
      what: 'is in Fortran order (first axis fastest)',
      next: 'save numpy.ascontiguousarray(array) instead',
    });
  }
  return { ...elementType(descr, who), shape, dataOffset: bytes.length };
}

const kinds: Readonly<Record<string, ArrayDType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
};

function elementType(descr: string, who: string): Omit<NpyHeader, 'shape' | 'dataOffset'> {
  const [, order, kind, digits] = /^([<>|=]?)([a-zA-Z])(\d*)$/.exec(descr) ?? [];
  const bigEndian = order === '>';
  const size = Number(digits ?? 0);
  if (kind === 'U' || kind === 'S') {
    const text = kind === 'U' ? ('utf32' as const) : ('bytes' as const);
    return { dtype: 'string', itemSize: kind === 'U' ? 4 * size : size, bigEndian, text };
  }
  const dtype = kinds[`${kind}${digits}`];
  if (dtype === undefined) {
    throw new LatheError({
      who,
      what:
        kind === 'O' ? 'holds Python objects (dtype object)' : `has dtype "${descr}", which no model input can take`,
      next: 'save it as numbers, or as texts of dtype "U"',
    });
  }
  return { dtype, itemSize: size, bigEndian, text: null };
}

/** Elements from their bytes; `shape` is that of the rows which the bytes hold. */
export function decodeNpy(header: NpyHeader, shape: readonly number[], bytes: Uint8Array): NdArray {
  if (header.text !== null) return { dtype: 'string', shape, data: decodeTexts(header, elementCount(shape), bytes) };
  if (header.bigEndian) swapBytes(bytes, header.itemSize);
  return fromBytes(header.dtype as Exclude<ArrayDType, 'string'>, shape, bytes);
}

function decodeTexts(header: NpyHeader, count: number, bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = header.text === 'utf32' ? 4 : 1;
  return Array.from({ length: count }, (_, index) => {
    const points: number[] = [];
    for (let at = index * header.itemSize; at < (index + 1) * header.itemSize; at += width)
      points.push(width === 4 ? view.getUint32(at, !header.bigEndian) : (bytes[at] as number));
    while (points.at(-1) === 0) points.pop();
    return points.map((point) => String.fromCodePoint(point > 0x10ffff ? 0xfffd : point)).join('');
  });
}

function swapBytes(bytes: Uint8Array, itemSize: number): void {
  for (let at = 0; at + itemSize <= bytes.length; at += itemSize) bytes.subarray(at, at + itemSize).reverse();
}
