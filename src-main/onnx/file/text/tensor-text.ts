/** Elements of tensors as ONNX's textual syntax writes them: float16 and its kin as the whole number of their bits. */

import { type DType, dtypeBits, dtypeBytes, elementCount, type Tensor } from '../../ir';
import { readData } from '../tensor-data';

/** A tensor in memory of literals; whole numbers for all but floats, doubles and strings. */
export function tensorOfLiterals(
  name: string,
  dtype: DType,
  shape: readonly number[],
  literals: readonly string[],
): Tensor {
  if (dtype === 'string') {
    const strings = literals.map((literal) => new TextEncoder().encode(literal));
    return { name, dtype, shape, data: { kind: 'strings', strings } };
  }
  const bytes = new Uint8Array(dtypeBytes(dtype, elementCount(shape)));
  const view = new DataView(bytes.buffer);
  for (const [index, literal] of literals.entries()) writeElement(view, dtype, index, literal);
  return { name, dtype, shape, data: { kind: 'inline', bytes } };
}

/** The elements as literals. */
export function literalsOfTensor(tensor: Tensor): string[] {
  const { dtype, shape, data } = tensor;
  if (data.kind === 'strings') return data.strings.map((text) => quoted(new TextDecoder().decode(text)));
  const count = elementCount(shape) * (dtype === 'complex64' || dtype === 'complex128' ? 2 : 1);
  const bytes = readData(data, 0, dtypeBytes(dtype, elementCount(shape)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, index) => readElement(view, dtype, index));
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const isSigned = (dtype: DType) => dtype.startsWith('int');

function writeElement(view: DataView, dtype: DType, index: number, text: string): void {
  if (dtype === 'float32' || dtype === 'complex64') view.setFloat32(index * 4, numberOf(text), true);
  else if (dtype === 'float64' || dtype === 'complex128') view.setFloat64(index * 8, numberOf(text), true);
  else writeBits(view, dtypeBits(dtype), index, BigInt(text));
}

function writeBits(view: DataView, bits: number, index: number, whole: bigint): void {
  const value = BigInt.asUintN(bits, whole);
  if (bits === 64) view.setBigUint64(index * 8, value, true);
  else if (bits === 32) view.setUint32(index * 4, Number(value), true);
  else if (bits === 16) view.setUint16(index * 2, Number(value), true);
  else if (bits === 8) view.setUint8(index, Number(value));
  else {
    // The first element lies in the lowest bits.
    const at = Math.floor((index * bits) / 8);
    view.setUint8(at, view.getUint8(at) | (Number(value) << ((index * bits) % 8)));
  }
}

function readElement(view: DataView, dtype: DType, index: number): string {
  if (dtype === 'float32' || dtype === 'complex64') return float32Text(view.getFloat32(index * 4, true));
  if (dtype === 'float64' || dtype === 'complex128') return numberText(view.getFloat64(index * 8, true));
  const bits = dtypeBits(dtype);
  const value = readBits(view, bits, index);
  return String(isSigned(dtype) ? BigInt.asIntN(bits, value) : value);
}

function readBits(view: DataView, bits: number, index: number): bigint {
  if (bits === 64) return view.getBigUint64(index * 8, true);
  if (bits === 32) return BigInt(view.getUint32(index * 4, true));
  if (bits === 16) return BigInt(view.getUint16(index * 2, true));
  return BigInt((view.getUint8(Math.floor((index * bits) / 8)) >> ((index * bits) % 8)) & (2 ** bits - 1));
}

export function numberOf(text: string): number {
  if (text.endsWith('inf')) return text.startsWith('-') ? -Infinity : Infinity;
  return text.endsWith('nan') ? Number.NaN : Number(text);
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The shortest text that gives the same float32. */
export function float32Text(value: number): string {
  if (!Number.isFinite(value) || Math.trunc(value) === value) return numberText(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
