/** A model opened for its logits: teacher, or student with its weights fed at each run. */

import { LatheError } from '../contract';
import { type Feeds, type Model, makeValue, type NdArray } from '../onnx/ir';
import { openSession } from '../onnx/session';
import { rowsOfRun, runInParts } from './fixed-runs';
import { logitsOf } from './training-graph';
import type { Weights } from './training-state';

export interface Forward {
  /** float32 [rows, classes] of a batch. */
  logits(feeds: Feeds, weights?: Weights): Promise<NdArray<'float32'>>;
  /** The same with the values that were asked for at opening, by name. */
  all(feeds: Feeds, weights?: Weights): Promise<{ logits: NdArray<'float32'>; values: Feeds }>;
  release(): Promise<void>;
}

/**
 * @param weights initializers that become inputs, fed at each run
 * @param classes size of the last axis that is expected
 * @param values inside the graph that are given out as well
 * @throws LatheError where the output is not [.., classes] floats
 */
export async function openForward(
  model: Model,
  output: string,
  weights: readonly string[],
  classes: number | null,
  title: string,
  values: readonly string[] = [],
  threads = 1,
): Promise<Forward> {
  const graph = model.graph;
  const logits = logitsOf(graph, output);
  const initializers = new Map(graph.initializers);
  const fed = weights.map((name) => makeValue(name, 'float32', graph.initializers.get(name)?.shape ?? null));
  for (const name of weights) initializers.delete(name);
  const inputs = [...graph.inputs.filter((value) => !weights.includes(value.name)), ...fed];
  const outputs = [...new Set([logits, ...values])].map(
    (name) => graph.outputs.find((value) => value.name === name) ?? makeValue(name, 'float32', null),
  );
  const session = await openSession({ ...model, graph: { ...graph, inputs, outputs, initializers } }, { threads });
  const known = new Set(session.inputs.map((input) => input.name));
  const size = rowsOfRun(graph);
  const run = async (feeds: Feeds, current: Weights, wanted: readonly string[]) => {
    const read = (given: Iterable<[string, NdArray]>) => [...given].filter(([name]) => known.has(name));
    const held = Object.fromEntries(read(current));
    const names = [...new Set([logits, ...wanted])];
    const once = (some: Feeds) => session.run({ ...some, ...held }, names);
    const batch = Object.fromEntries(read(Object.entries(feeds)));
    const found = size === null ? await once(batch) : await runInParts(batch, size, once);
    return { logits: checkedLogits(found[logits] as NdArray, output, classes, title), values: found };
  };
  return {
    logits: async (feeds, current = new Map()) => (await run(feeds, current, [])).logits,
    all: (feeds, current = new Map()) => run(feeds, current, values),
    release: () => session.release(),
  };
}

/** As [rows, classes]. */
function checkedLogits(found: NdArray, output: string, classes: number | null, title: string): NdArray<'float32'> {
  const width = found.shape.at(-1) ?? 1;
  if (found.dtype !== 'float32' || (classes !== null && width !== classes)) {
    throw new LatheError({
      who: title,
      what: `output "${output}" gives ${found.dtype}[${found.shape.join(', ')}], the student has ${classes} classes`,
      next: 'teacher and student must give the same classes in the same order',
    });
  }
  const { data } = found as NdArray<'float32'>;
  return { dtype: 'float32', shape: [data.length / width, width], data };
}

/** Mean cross-entropy of rows with labels ≥ 0. logits [rows, classes]. */
export function crossEntropyOf(logits: NdArray<'float32'>, labels: BigInt64Array): { sum: number; rows: number } {
  const classes = logits.shape[1] as number;
  let [sum, rows] = [0, 0];
  labels.forEach((label, row) => {
    if (label < 0n) return;
    const scores = logits.data.subarray(row * classes, (row + 1) * classes);
    sum += logSumExp(scores) - (scores[Number(label)] as number);
    rows += 1;
  });
  return { sum, rows };
}

/** Rows whose largest score is at the label; rows without one do not count. */
export function rightOf(logits: NdArray<'float32'>, labels: BigInt64Array): number {
  const classes = logits.shape[1] as number;
  return labels.reduce(
    (right, label, row) => right + (label >= 0n && firstChoice(logits, row, classes) === Number(label) ? 1 : 0),
    0,
  );
}

/** Rows whose largest score is at the teacher's. */
export function agreementOf(student: NdArray<'float32'>, teacher: NdArray<'float32'>): number {
  const [rows, classes] = student.shape as [number, number];
  let agreed = 0;
  for (let row = 0; row < rows; row++)
    if (firstChoice(student, row, classes) === firstChoice(teacher, row, classes)) agreed += 1;
  return agreed;
}

function firstChoice({ data }: NdArray<'float32'>, row: number, classes: number): number {
  let best = row * classes;
  for (let at = best + 1; at < (row + 1) * classes; at++) if ((data[at] as number) > (data[best] as number)) best = at;
  return best - row * classes;
}

function logSumExp(scores: Float32Array): number {
  const top = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  return top + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - top), 0));
}
