/** Whether two models give the same outputs on random input: the proof that a clean step changed nothing. */

import { LatheError, messageOf } from '../contract';
import { randomFeeds } from '../data/random-feeds';
import { symbolicDims } from '../inspect';
import { dimName, type Feeds, type Model, type NdArray } from '../onnx/ir';
import { openSession } from '../onnx/session';
import { isFloatType, toFloat64 } from './float-tensor';

export interface Comparison {
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  /** Largest difference of an output, relative to the largest magnitude in it. */
  readonly tolerance: number;
}

interface Guess {
  /** Of every dim but batches, which need not be large. */
  readonly size: number;
  /** Of what a decoder remembers. */
  readonly past?: number;
  /** Of the last axis of an input. */
  readonly last?: number;
}

/**
 * Sizes tried for dims that nobody gave: most graphs take small ones, a decoder's mask is as long as past and present
 * together, pictures have to survive five halvings, sound comes in frames of some hundred samples.
 */
const guesses: readonly Guess[] = [
  { size: 8 },
  { size: 8, past: 0 },
  { size: 64 },
  { size: 2 },
  { size: 2, last: 512 },
];

/** Elements of an input of guessed sizes: more than pictures and sound have. */
const mostGuessed = 2 ** 24;

/** Two roundings at 1: less cannot be told apart behind a Sigmoid or Softmax. */
const absoluteFloor = 2 ** -22;

/**
 * @returns a sentence for the log: what was compared, or why it could not be
 * @throws LatheError where `after` does not run, or one of its outputs differs by more than the tolerance
 */
export async function compareOutputs(before: Model, after: Model, comparison: Comparison): Promise<string> {
  const sample = await runnableSample(before, {
    ...comparison,
    dims: { ...comparison.dims, ...fixedBy(before, after) },
  });
  if (typeof sample === 'string')
    return `outputs were not compared, as the model does not run on random input: ${sample}`;
  const outputs = await outputsOf(after, sample.feeds);
  const largest = Object.entries(sample.outputs).reduce(
    (worst, [name, array]) => Math.max(worst, checkedDifference(name, array, outputs[name], comparison.tolerance)),
    0,
  );
  return `outputs on random input differ by ${largest === 0 ? 'nothing' : `at most ${largest.toExponential(1)} of the largest`}`;
}

/** Sizes that the second model gives to symbolic dims of the first: it takes no others. */
function fixedBy(before: Model, after: Model): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const { name, type } of before.graph.inputs) {
    const now = after.graph.inputs.find((input) => input.name === name)?.type;
    if (type?.kind !== 'tensor' || now?.kind !== 'tensor') continue;
    for (const [axis, dim] of (type.shape ?? []).entries()) {
      const called = dimName(name, axis, dim);
      const size = now.shape?.[axis];
      if (called !== null && typeof size === 'number' && size > 0) sizes[called] = size;
    }
  }
  return sizes;
}

/** Inputs that the model takes and what it makes of them; the reason where no guess of its dims runs. */
async function runnableSample(
  model: Model,
  { dims, seed }: Comparison,
): Promise<{ feeds: Feeds; outputs: Record<string, NdArray> } | string> {
  const [batches, last] = [dimsAt(model, 0), dimsAt(model, -1)];
  let reason = '';
  for (const guess of guesses) {
    const guessed = Object.fromEntries(
      symbolicDims(model.graph).map((name) => [name, batches.has(name) ? 2 : sizeOf(name, last.has(name), guess)]),
    );
    try {
      const feeds = randomFeeds(model, { dims: { ...guessed, ...dims }, batch: 1, seed, most: mostGuessed });
      return { feeds, outputs: await outputsOf(model, feeds) };
    } catch (thrown) {
      reason = messageOf(thrown);
    }
  }
  return reason;
}

const sizeOf = (name: string, isLast: boolean, { size, past = size, last = size }: Guess): number =>
  /past/i.test(name) ? past : isLast ? last : size;

/** Symbolic dims that are the first (0) or last (−1) axis of an input. */
function dimsAt({ graph }: Model, at: 0 | -1): Set<string> {
  const names = graph.inputs.flatMap(({ name, type }) => {
    const shape = type?.kind === 'tensor' ? (type.shape ?? []) : [];
    const dim = shape.at(at);
    return dim === undefined ? [] : (dimName(name, at === 0 ? 0 : shape.length - 1, dim) ?? []);
  });
  return new Set(names);
}

async function outputsOf(model: Model, feeds: Feeds): Promise<Record<string, NdArray>> {
  const session = await openSession(model, { optimization: 'disabled', prepacking: false });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function checkedDifference(name: string, expected: NdArray, actual: NdArray | undefined, tolerance: number): number {
  const refuse = (what: string): never => {
    throw new LatheError({ who: `output "${name}"`, what, next: 'the model was left as it was', code: 'failed' });
  };
  if (actual === undefined) return refuse('is gone');
  if (actual.dtype !== expected.dtype || actual.shape.join() !== expected.shape.join())
    return refuse(`became ${actual.dtype} [${actual.shape}] from ${expected.dtype} [${expected.shape}]`);
  const difference = relativeDifference(expected, actual);
  return difference <= tolerance
    ? difference
    : refuse(`changed by ${difference.toExponential(1)} of its largest value`);
}

/** Largest difference over the largest magnitude, 0 below {@link absoluteFloor}; Infinity where texts or NaNs differ. */
export function relativeDifference(expected: NdArray, actual: NdArray): number {
  if (!isFloatType(expected.dtype))
    return Array.from<unknown>(expected.data).every((value, at) => value === actual.data[at]) ? 0 : Infinity;
  const [a, b] = [toFloat64(expected as NdArray<'float32'>), toFloat64(actual as NdArray<'float32'>)];
  let largest = 0;
  let difference = 0;
  for (const [at, value] of a.entries()) {
    const other = b[at] as number;
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
    if (Object.is(value, other) || value === other) continue;
    difference = Math.max(difference, Number.isNaN(value - other) ? Infinity : Math.abs(value - other));
  }
  return difference <= absoluteFloor ? 0 : difference / largest;
}
