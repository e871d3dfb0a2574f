/** Tiny models written as text, and the question whether two models give the same outputs. */

import { expect } from 'vitest';
import { Random } from '../../src-main/kernels/random';
import { parseModelText } from '../../src-main/onnx/file';
import {
  elementCount,
  type Feeds,
  isArrayDType,
  type Model,
  type NdArray,
  type Tensor,
  tensorFromArray,
  toBytes,
  zeros,
} from '../../src-main/onnx/ir';
import { openSession, type SessionValue } from '../../src-main/onnx/session';

/**
 * The model of ONNX text; without a header IR version 10 and opset 21.
 * @param tensors further initializers, for weights that are too large to be written out
 */
export function modelFromText(text: string, tensors: readonly Tensor[] = []): Model {
  const model = parseModelText(text);
  if (tensors.length === 0) return model;
  const initializers = new Map([...model.graph.initializers, ...tensors.map((it): [string, Tensor] => [it.name, it])]);
  return { ...model, graph: { ...model.graph, initializers } };
}

/** A float32 tensor of standard normal numbers times `scale`. */
export function randomTensor(name: string, shape: readonly number[], seed: number, scale = 1): Tensor {
  const array = zeros('float32', shape);
  const random = new Random(seed);
  for (let index = 0; index < array.data.length; index++) array.data[index] = random.normal() * scale;
  return tensorFromArray(name, array);
}

export interface SameOutputs {
  readonly seed?: number | undefined;
  /** Largest difference that is allowed, as a share of the largest magnitude of the output. Default 0: the same bits. */
  readonly tolerance?: number | undefined;
  /** What is fed; random where an input is not named. */
  readonly feeds?: Feeds | undefined;
  /** Size of symbolic and unknown dims by name. Default 2. */
  readonly dims?: Readonly<Record<string, number>> | undefined;
}

/**
 * Runs both models on the same inputs and expects equal outputs: as many, with the same names, dtypes and shapes, and
 * values within the tolerance. The runtime's own rewriting is off, so that it cannot hide a difference.
 */
export async function expectSameOutputs(modelA: Model, modelB: Model, options: SameOutputs = {}): Promise<void> {
  const before = await outputsOf(modelA, options);
  const after = await outputsOf(modelB, options);
  expect(Object.keys(after)).toEqual(Object.keys(before));
  for (const [name, array] of Object.entries(before))
    expectClose(name, after[name] as NdArray, array, options.tolerance ?? 0);
}

async function outputsOf(model: Model, options: SameOutputs): Promise<Record<string, NdArray>> {
  const session = await openSession(model, { optimization: 'disabled' });
  try {
    return await session.run({ ...randomInputs(session.inputs, options), ...options.feeds });
  } finally {
    await session.release();
  }
}

/** Normal floats, whole numbers from 0 to 7, and either bool. */
function randomInputs(inputs: readonly SessionValue[], { seed = 1, dims = {} }: SameOutputs): Feeds {
  const random = new Random(seed);
  const entries = inputs.map(({ name, dtype, shape }): [string, NdArray] => {
    if (dtype === null || !isArrayDType(dtype)) throw new Error(`input "${name}" must be fed`);
    const sizes = (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : (dims[dim ?? ''] ?? 2)));
    const array = zeros(dtype, sizes);
    for (let index = 0; index < elementCount(sizes); index++) array.data[index] = randomElement(random, array) as never;
    return [name, array];
  });
  return Object.fromEntries(entries);
}

function randomElement(random: Random, array: NdArray): number | bigint | string {
  if (array.dtype === 'float32' || array.dtype === 'float64') return random.normal();
  if (array.dtype === 'string') return String(random.below(8));
  if (array.dtype === 'int64' || array.dtype === 'uint64') return BigInt(random.below(8));
  // Bits of numbers from 1 to 2 in half precision.
  if (array.dtype === 'float16') return 0x3c00 + random.below(0x400);
  if (array.dtype === 'bfloat16') return 0x3f80 + random.below(0x80);
  return random.below(array.dtype === 'bool' ? 2 : 8);
}

function expectClose(name: string, got: NdArray, wanted: NdArray, tolerance: number): void {
  expect({ name, dtype: got.dtype, shape: got.shape }).toEqual({ name, dtype: wanted.dtype, shape: wanted.shape });
  if (tolerance === 0 && wanted.dtype !== 'string') {
    expect(Buffer.from(toBytes(got)).equals(Buffer.from(toBytes(wanted))), `output "${name}" has other bits`).toBe(
      true,
    );
    return;
  }
  if (wanted.dtype !== 'float32' && wanted.dtype !== 'float64') {
    expect(got.data, `output "${name}"`).toEqual(wanted.data);
    return;
  }
  let largest = 0;
  let difference = 0;
  const values = got.data as Float32Array;
  for (const [index, value] of (wanted.data as Float32Array).entries()) {
    const other = values[index] as number;
    if (Object.is(value, other)) continue;
    // A NaN or an infinity on one side alone is a difference without bound.
    const distance = Math.abs(value - other);
    difference = Math.max(difference, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
    largest = Math.max(largest, Number.isFinite(value) ? Math.abs(value) : 0);
  }
  expect(difference, `output "${name}": largest difference, largest magnitude ${largest}`).toBeLessThanOrEqual(
    tolerance * largest,
  );
}
