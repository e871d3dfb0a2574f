/** Whether arrays fit a model's inputs: names, types, shapes, counts. */

import { LatheError } from '../contract';
import { type ArrayDType, type Dim, dimName } from '../onnx/ir';
import type { SessionValue } from '../onnx/session/session';

/** An array by its header alone. */
export interface ArrayShape {
  readonly dtype: ArrayDType;
  /** [samples, ...shape of one sample] */
  readonly shape: readonly number[];
}

/** Arrays without elements can state any number of rows. */
const mostSamples = 2 ** 31;

export interface Fit {
  readonly samples: number;
  /** Size by symbolic dim, read from the arrays. */
  readonly dims: Readonly<Record<string, number>>;
  /** Rows that one run must have, where the model fixes its batch axis. */
  readonly runSize: number | null;
}

/**
 * Holds the arrays of one split against the model's inputs.
 * @param file how messages name the place: `test.npz`
 * @param given sizes of symbolic dims that the user stated
 * @throws LatheError that names file, array, what was expected and what came
 */
export function fitArrays(
  file: string,
  arrays: ReadonlyMap<string, ArrayShape>,
  inputs: readonly SessionValue[],
  feed: 'slice' | 'element',
  given: Readonly<Record<string, number>>,
): Fit {
  const samples = countSamples(file, arrays);
  const dims: Record<string, number> = {};
  let runSize: number | null = null;
  for (const input of inputs) {
    const array = arrays.get(input.name);
    if (array === undefined) throw missing(file, input.name, arrays);
    checkType(file, input, array);
    if (input.shape === null) continue;
    bindShape(file, input.name, named(input).slice(feed === 'slice' ? 1 : 0), array.shape.slice(1), dims, given);
    const rows = input.shape[0];
    if (feed === 'slice' && typeof rows === 'number' && rows > 0)
      runSize = sameRunSize(file, input.name, runSize, rows);
  }
  return { samples, dims, runSize };
}

function countSamples(file: string, arrays: ReadonlyMap<string, ArrayShape>): number {
  let samples: number | undefined;
  let from = '';
  for (const [name, { shape }] of arrays) {
    const rows = shape[0];
    if (rows === undefined) {
      throw new LatheError({
        who: `${file} array "${name}"`,
        what: 'has no axes',
        next: 'give it one row for each sample',
      });
    }
    if (samples !== undefined && rows !== samples) {
      throw new LatheError({
        who: file,
        what: `array "${from}" has ${samples} samples, "${name}" has ${rows}`,
        next: 'every array needs one row for each sample',
      });
    }
    samples = rows;
    from = name;
  }
  if (samples === undefined || samples === 0) throw new LatheError({ who: file, what: 'holds no samples' });
  if (samples > mostSamples)
    throw new LatheError({ who: file, what: `states ${samples} samples, more than ${mostSamples}` });
  return samples;
}

function missing(file: string, input: string, arrays: ReadonlyMap<string, ArrayShape>): LatheError {
  return new LatheError({
    who: file,
    what: `has no array for the model's input "${input}"`,
    where: `it has ${[...arrays.keys()].map((name) => `"${name}"`).join(', ')}`,
    next: `save the samples under the name of the input: numpy.savez(file, ${JSON.stringify(input)}=…)`,
  });
}

/** numpy's spelling of a dtype, for a line that can be typed. */
function numpyType(dtype: string): string {
  return dtype === 'bool' ? 'bool_' : dtype === 'string' ? 'str_' : dtype;
}

function checkType(file: string, input: SessionValue, array: ArrayShape): void {
  if (input.dtype === null || input.dtype === array.dtype) return;
  throw new LatheError({
    who: `${file} array "${input.name}"`,
    what: `the model takes ${input.dtype}, the array is ${array.dtype}`,
    next: `save it as array.astype(numpy.${numpyType(input.dtype)})`,
  });
}

/** The input's shape with open dims as names. */
function named({ name, shape }: SessionValue): readonly (number | string)[] {
  return (shape ?? []).map((dim, axis) => dimName(name, axis, dim) ?? (dim as number));
}

function bindShape(
  file: string,
  input: string,
  expected: readonly (number | string)[],
  sample: readonly number[],
  dims: Record<string, number>,
  given: Readonly<Record<string, number>>,
): void {
  const fixed = expected.every((dim, axis) => typeof dim !== 'number' || dim === sample[axis]);
  if (expected.length !== sample.length || !fixed) throw misshapen(file, input, expected, sample);
  expected.forEach((dim, axis) => {
    if (typeof dim !== 'string') return;
    const size = sample[axis] as number;
    const known = dims[dim] ?? given[dim];
    if (known !== undefined && known !== size) {
      const by = dims[dim] === undefined ? `--dim ${dim}=${known} was given` : `another array has ${known}`;
      throw new LatheError({ who: `${file} array "${input}"`, what: `dimension "${dim}" is ${size}, but ${by}` });
    }
    dims[dim] = size;
  });
}

function misshapen(file: string, name: string, expected: readonly Dim[], sample: readonly number[]): LatheError {
  const sorted = (dims: readonly Dim[]): string => [...dims].map(String).sort().join();
  const permuted = expected.length === sample.length && sorted(expected) === sorted(sample);
  return new LatheError({
    who: `${file} array "${name}"`,
    what: `a sample should have shape ${shapeText(expected)}, has ${shapeText(sample)}`,
    next: permuted ? 'its axes seem to be in another order: use numpy.transpose' : undefined,
  });
}

function sameRunSize(file: string, input: string, known: number | null, rows: number): number {
  if (known === null || known === rows) return rows;
  throw new LatheError({
    who: file,
    what: `input "${input}" takes ${rows} rows a run where another input takes ${known}`,
    next: 'set "feed": "element" in meta.json and save the whole feed of each run as one row',
  });
}

/** `[batch, 3, ?]` */
export function shapeText(shape: readonly Dim[]): string {
  return `[${shape.map((dim) => dim ?? '?').join(', ')}]`;
}
