/** Sums of products of the inputs that each output of a convolution multiplies with its weights, place by place. */

/** A convolution over three axes; those that it lacks have size 1. Of a rows × columns product: rows places of size 1. */
export interface PatchGeometry {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** At the begin of each axis. */
  readonly pads: readonly number[];
}

/** What a place counts: 1 where low < value < high, else `closed`. */
export interface Gate {
  readonly low: number;
  readonly high: number;
  readonly closed: number;
}

/** Places whose products are summed before they are added to what is there. */
const partPlaces = 256;

/**
 * Adds Σ over places of m·x·xᵀ to matrices, x being the inputs of a group's outputs at one place with a 1 behind them:
 * all in float64, sample by sample and in the order of places, 256 of which are summed before they are added.
 * @param x [samples, groups, channels, ...input]
 * @param groups of the convolution; the matrices of a group follow each other
 * @param values by which the gate gives m [samples, matrices, ...output]; null: m is 1
 * @param sums [matrices, size, size], size being the inputs of an output and 1; only row ≤ column is written
 */
export function addPatchProducts(
  x: Float32Array,
  samples: number,
  { input, output, kernel, strides, dilations, pads }: PatchGeometry,
  groups: number,
  values: Float32Array | null,
  { low, high, closed }: Gate,
  sums: Float64Array,
): void {
  const [inputArea, places, taps] = [input, output, kernel].map(product) as [number, number, number];
  const channels = x.length / inputArea / groups / samples;
  const size = channels * taps + 1;
  const matrices = sums.length / (size * size);
  const perGroup = matrices / groups;
  const columns = new Float64Array(size * partPlaces); // [size, partPlaces]
  const counted = new Float64Array(partPlaces);
  const gates = new Float64Array(partPlaces);
  for (let group = 0; group < groups; group++)
    for (let sample = 0; sample < samples; sample++)
      for (let from = 0; from < places; from += partPlaces) {
        const count = Math.min(partPlaces, places - from);
        columns.fill(0, 0, (size - 1) * partPlaces).fill(1, (size - 1) * partPlaces);
        const first = (sample * groups + group) * channels;
        for (let row = 0; row < size - 1; row++)
          fill(first + Math.floor(row / taps), row % taps, from, count, row * partPlaces);
        for (let matrix = group * perGroup; matrix < (group + 1) * perGroup; matrix++) {
          const gate = (sample * matrices + matrix) * places + from;
          for (let p = 0; p < count; p++) gates[p] = values === null || isOpen(values[gate + p]!) ? 1 : closed;
          addProducts(matrix * size * size, count);
        }
      }

  function isOpen(value: number): boolean {
    return value > low && value < high;
  }

  /** One element of the patches at `count` places; 0 where it lies in the padding. */
  function fill(channel: number, tap: number, from: number, count: number, into: number): void {
    const at = [0, 1, 2].map((axis) => {
      const index = Math.floor(tap / product(kernel.slice(axis + 1))) % kernel[axis]!;
      return index * dilations[axis]! - pads[axis]!;
    }) as [number, number, number];
    for (let p = 0; p < count; p++) {
      const place = from + p;
      const plane = Math.floor(place / (output[1]! * output[2]!)) * strides[0]! + at[0];
      const row = (Math.floor(place / output[2]!) % output[1]!) * strides[1]! + at[1];
      const column = (place % output[2]!) * strides[2]! + at[2];
      if (!(isWithin(plane, input[0]!) && isWithin(row, input[1]!) && isWithin(column, input[2]!))) continue;
      columns[into + p] = x[channel * inputArea + (plane * input[1]! + row) * input[2]! + column]!;
    }
  }

  function addProducts(first: number, count: number): void {
    for (let i = 0; i < size; i++) {
      for (let p = 0; p < count; p++) counted[p] = gates[p]! * columns[i * partPlaces + p]!;
      for (let j = i; j < size; j++) {
        let sum = 0;
        for (let p = 0, q = j * partPlaces; p < count; p++, q++) sum += counted[p]! * columns[q]!;
        sums[first + i * size + j]! += sum;
      }
    }
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}

function isWithin(at: number, size: number): boolean {
  return at >= 0 && at < size;
}
