/** Two models on the same random input. */

import { expect } from 'vitest';
import { elementCount, type Feeds, type Model, type NdArray, type Value, zeros } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';

/** Sizes for symbolic dims; others are 2. */
export type Dims = Readonly<Record<string, number>>;

/**
 * Runs both models as they stand (no optimisation by the runtime) and expects equal names, types and shapes, and
 * elements that differ by at most `tolerance` times the largest magnitude of their output.
 */
export async function expectSameOutputs(
  before: Model,
  after: Model,
  tolerance: number,
  dims: Dims = {},
): Promise<void> {
  const feeds = randomInputs(before, dims);
  const [expected, actual] = [await outputsOf(before, feeds), await outputsOf(after, feeds)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, array] of Object.entries(expected)) {
    const other = actual[name] as NdArray;
    expect([other.dtype, other.shape], name).toEqual([array.dtype, array.shape]);
    expect(relativeDifference(array, other), name).toBeLessThanOrEqual(tolerance);
  }
}

export async function outputsOf(model: Model, feeds: Feeds): Promise<Record<string, NdArray>> {
  const session = await openSession(model, { optimization: 'disabled' });
  const outputs = await session.run(feeds);
  await session.release();
  return outputs;
}

/** Largest difference over the largest magnitude; 0 or 1 for what has no distance. */
function relativeDifference(expected: NdArray, actual: NdArray): number {
  if (expected.dtype !== 'float32' && expected.dtype !== 'float64')
    return Array.from(expected.data as ArrayLike<unknown>).every((value, at) => value === actual.data[at]) ? 0 : 1;
  let largest = 0;
  let difference = 0;
  for (const [at, value] of (expected.data as Float32Array).entries()) {
    const other = actual.data[at] as number;
    if (Object.is(value, other)) continue;
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Number.isNaN(value - other) ? Infinity : Math.abs(value - other));
  }
  return difference === 0 ? 0 : difference / Math.max(largest, 1e-30);
}

/** Normal-ish numbers and small integers, the same each time. */
export function randomInputs(model: Model, dims: Dims): Feeds {
  let state = 12345;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const fill = ({ name, type }: Value): readonly [string, NdArray] => {
    if (type?.kind !== 'tensor' || type.shape === null) throw new Error(`input ${name} has no type`);
    const shape = type.shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : (dims[dim ?? ''] ?? 2)));
    const array = zeros(type.dtype as 'float32', shape);
    const isFloat = array.dtype === 'float32' || (array.dtype as string) === 'float64';
    for (let at = 0; at < elementCount(shape); at++) {
      const value = isFloat ? 2 * (uniform() + uniform() + uniform()) - 3 : Math.floor(uniform() * 2);
      (array.data as { [at: number]: number | bigint })[at] = (type.dtype as string).endsWith('int64')
        ? BigInt(value)
        : value;
    }
    return [name, array];
  };
  const fed = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  return Object.fromEntries(fed.map(fill));
}
