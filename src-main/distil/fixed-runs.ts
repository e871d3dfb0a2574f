/** Batches for a model that takes just so many rows at a time: cut into runs, the last one filled up, answers joined. */

import { type Feeds, type Graph, type NdArray, zeros } from '../onnx/ir';

/** Rows that one run must have; null: any number. */
export function rowsOfRun(graph: Graph): number | null {
  for (const { name, type } of graph.inputs) {
    const first = type?.kind === 'tensor' && !graph.initializers.has(name) ? type.shape?.[0] : undefined;
    if (typeof first === 'number') return first;
  }
  return null;
}

type Run = (feeds: Feeds) => Promise<Readonly<Record<string, NdArray>>>;

/** @param feeds arrays of equal first dimension */
export async function runInParts(feeds: Feeds, size: number, run: Run): Promise<Readonly<Record<string, NdArray>>> {
  const rows = Object.values(feeds)[0]?.shape[0] ?? 0;
  const parts: Record<string, NdArray[]> = {};
  for (let first = 0; first < rows; first += size) {
    const real = Math.min(size, rows - first);
    const some = Object.entries(feeds).map(([name, array]) => [name, rowsFrom(array, first, real, size)]);
    for (const [name, answer] of Object.entries(await run(Object.fromEntries(some)))) {
      // An answer for each token has more rows than there are samples.
      const perSample = (answer.shape[0] ?? 0) / size;
      parts[name] = [...(parts[name] ?? []), rowsFrom(answer, 0, real * perSample, real * perSample)];
    }
  }
  return Object.fromEntries(Object.entries(parts).map(([name, some]) => [name, joined(some)]));
}

/** `real` rows, then the last of them again up to `size`. */
function rowsFrom(array: NdArray, first: number, real: number, size: number): NdArray {
  const { dtype, shape, data } = array as NdArray<'float32'>;
  const stride = data.length / (shape[0] ?? 1);
  const cut = zeros(dtype, [size, ...shape.slice(1)]);
  cut.data.set(data.subarray(first * stride, (first + real) * stride));
  const last = data.subarray((first + real - 1) * stride, (first + real) * stride);
  for (let row = real; row < size; row++) cut.data.set(last, row * stride);
  return cut;
}

function joined(parts: readonly NdArray[]): NdArray {
  const [first] = parts as readonly [NdArray<'float32'>];
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const whole = zeros(first.dtype, [rows, ...first.shape.slice(1)]);
  let at = 0;
  for (const { data } of parts as readonly NdArray<'float32'>[]) {
    whole.data.set(data, at);
    at += data.length;
  }
  return whole;
}
