/** One pass over the calibration samples that observes any number of values at once, in bounded memory. */

import { availableParallelism } from 'node:os';
import { LatheError, type Work } from '../contract';
import {
  attributes,
  type GraphIndex,
  indexGraph,
  type Model,
  makeNode,
  makeValue,
  type NdArray,
  Patch,
} from '../onnx/ir';
import { openSession } from '../onnx/session';
import type { CalibrationData } from './calibration-data';
import { Histogram } from './observers/histogram';
import type { Statistics } from './observers/statistics';

export interface CalibrationRequest {
  readonly model: Model;
  /** float32 values of the main graph. */
  readonly values: readonly string[];
  readonly data: CalibrationData;
  /** Whether histograms are asked for, or only the extremes. */
  readonly histograms: boolean;
  /** Lets NaN and infinite values pass: for a look at ranges that decides nothing. */
  readonly tolerant?: boolean | undefined;
}

/**
 * Statistics of each value over all samples.
 * @throws LatheError that names the node whose output is NaN or infinite
 */
export async function calibrate(request: CalibrationRequest, work: Work): Promise<Map<string, Statistics>> {
  if (request.values.length === 0) return new Map();
  return request.histograms ? observeHistograms(request, work) : observeExtremes(request, work);
}

const sessionOptions = { background: true, prepacking: true } as const;

/** Extremes are reduced inside the graph: three numbers a value leave the runtime. */
async function observeExtremes(request: CalibrationRequest, work: Work): Promise<Map<string, Statistics>> {
  const { model, values, data, tolerant } = request;
  const reduced = withReductions(model, values);
  const session = await openSession(reduced.model, { ...sessionOptions, threads: availableParallelism() });
  const found = new Map<string, Statistics>(values.map((value) => [value, { min: Infinity, max: -Infinity }]));
  try {
    let done = 0;
    for await (const batch of data.batches()) {
      const results = await session.run(batch.feeds, [...reduced.outputs.values()].flat());
      for (const [value, [min, max, sum]] of reduced.outputs) {
        if (tolerant !== true && !Number.isFinite(numberIn(results[sum]))) throw brokenActivation(model, value);
        const known = found.get(value) as Statistics;
        found.set(value, {
          min: Math.min(known.min, numberIn(results[min])),
          max: Math.max(known.max, numberIn(results[max])),
        });
      }
      done += batch.size;
      reportSamples(work, done, data.samples);
    }
  } finally {
    await session.release();
  }
  return found;
}

/** Whole values leave the runtime and are counted at once. */
async function observeHistograms(
  { model, values, data }: CalibrationRequest,
  work: Work,
): Promise<Map<string, Statistics>> {
  const threads = availableParallelism();
  const session = await openSession(model, { ...sessionOptions, threads, extraOutputs: values });
  const histograms = new Map(values.map((value) => [value, new Histogram()]));
  try {
    let done = 0;
    for await (const batch of data.batches()) {
      const results = await session.run(batch.feeds, values);
      for (const [value, histogram] of histograms) {
        const { data: elements } = results[value] as NdArray<'float32'>;
        if (histogram.add(elements) > 0) throw brokenActivation(model, value);
      }
      done += batch.size;
      reportSamples(work, done, data.samples);
    }
  } finally {
    await session.release();
  }
  return new Map([...histograms].map(([value, h]) => [value, { min: h.min, max: h.max, histogram: h }]));
}

/** The model with the smallest and largest element and the sum of each value as its outputs. */
function withReductions(
  model: Model,
  values: readonly string[],
): { model: Model; outputs: Map<string, [min: string, max: string, sum: string]> } {
  const patch = new Patch(model.graph);
  const outputs = new Map<string, [string, string, string]>();
  const keepdims = { keepdims: attributes.int(0) };
  for (const value of values) {
    const names = ['ReduceMin', 'ReduceMax', 'ReduceSum'].map((opType) => {
      const output = patch.freshName(`${value}_${opType}`);
      patch.addNode(makeNode(opType, patch.freshName(`${output}_node`), [value], [output], keepdims));
      return output;
    });
    outputs.set(value, names as [string, string, string]);
  }
  patch.setOutputs([
    ...model.graph.outputs,
    ...[...outputs.values()].flat().map((name) => makeValue(name, 'float32', [])),
  ]);
  return { model: { ...model, graph: patch.apply() }, outputs };
}

function numberIn(array: NdArray | undefined): number {
  return Number((array as NdArray<'float32'>).data[0]);
}

function reportSamples(work: Work, done: number, samples: number): void {
  work.progress({ phase: 'Calibrating', fraction: done / samples, detail: `${done} of ${samples} samples` });
}

function brokenActivation(model: Model, value: string): LatheError {
  const index: GraphIndex = indexGraph(model.graph);
  const node = index.producer(value);
  return new LatheError({
    who: node === undefined ? `input "${value}"` : `${node.opType} "${node.name}"`,
    what: `gives NaN or infinite numbers on the calibration samples (value "${value}")`,
    next: 'check the preprocessing of the data, or exclude this node',
    code: 'failed',
  });
}
