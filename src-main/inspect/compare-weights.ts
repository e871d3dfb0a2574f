/** How far two weights of one shape are from each other, read window by window. */

import { readTensorBytes } from '../onnx/file';
import { fromBytes, type Tensor, tensorByteLength } from '../onnx/ir';

/** Holds whole elements of every dtype. */
const windowBytes = 4 << 20;

export interface WeightDistance {
  /** Share of elements that are zero. */
  readonly zeros: { readonly before: number; readonly after: number };
  /** ‖after − before‖ / ‖before‖, Euclidean; null where all of `before` is zero. */
  readonly distance: number | null;
}

/** Whether the packed bytes of two tensors are the same. */
export function equalBytes(a: Tensor, b: Tensor): boolean {
  if (a === b || a.data === b.data) return true;
  if (a.data.kind === 'strings' || b.data.kind === 'strings') return equalTexts(a, b);
  const bytes = tensorByteLength(a);
  if (bytes !== tensorByteLength(b)) return false;
  for (const [start, end] of windows(bytes))
    if (Buffer.compare(readTensorBytes(a, start, end), readTensorBytes(b, start, end)) !== 0) return false;
  return true;
}

/** null where they are not both float32 of as many elements, or where one is the other turned round. */
export function weightDistance(before: Tensor, after: Tensor): WeightDistance | null {
  const bytes = tensorByteLength(before);
  if (before.dtype !== 'float32' || after.dtype !== 'float32' || bytes !== tensorByteLength(after) || bytes === 0)
    return null;
  if (isTurned(before.shape, after.shape)) return null;
  let [zerosBefore, zerosAfter, difference, norm] = [0, 0, 0, 0];
  for (const [start, end] of windows(bytes)) {
    const shape = [(end - start) / 4];
    const a = fromBytes('float32', shape, readTensorBytes(before, start, end)).data;
    const b = fromBytes('float32', shape, readTensorBytes(after, start, end)).data;
    for (let at = 0; at < a.length; at++) {
      const [from, to] = [a[at] as number, b[at] as number];
      if (from === 0) zerosBefore++;
      if (to === 0) zerosAfter++;
      difference += (to - from) ** 2;
      norm += from ** 2;
    }
  }
  const elements = bytes / 4;
  return {
    zeros: { before: zerosBefore / elements, after: zerosAfter / elements },
    distance: norm === 0 ? null : Math.sqrt(difference / norm),
  };
}

/** The same dims in another order. */
function isTurned(before: readonly number[], after: readonly number[]): boolean {
  const dims = [before, after].map((shape) => shape.filter((dim) => dim !== 1)) as [number[], number[]];
  const [ordered, other] = dims.map((shape) => [...shape].sort((a, b) => a - b).join());
  return ordered === other && dims[0].join() !== dims[1].join();
}

function* windows(bytes: number): Generator<[start: number, end: number]> {
  for (let start = 0; start < bytes; start += windowBytes) yield [start, Math.min(bytes, start + windowBytes)];
}

function equalTexts({ data: a }: Tensor, { data: b }: Tensor): boolean {
  if (a.kind !== 'strings' || b.kind !== 'strings' || a.strings.length !== b.strings.length) return false;
  return a.strings.every((text, at) => Buffer.compare(text, b.strings[at] as Uint8Array) === 0);
}
