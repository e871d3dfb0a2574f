/** One pass over the calibration samples that observes any number of values at once, in bounded memory. */

import { availableParallelism } from 'node:os';
import { LatheError, type Work } from '../contract';
import {
  type Attribute,
  attributes,
  indexGraph,
  int64Tensor,
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

/** The average of a value for each index of one axis, over all others. */
export interface MeanRequest {
  readonly value: string;
  readonly axis: number;
  readonly rank: number;
}

export interface CalibrationRequest {
  readonly model: Model;
  /** float32 values of the main graph. */
  readonly values: readonly string[];
  /** Values whose channel means are asked for as well. */
  readonly means?: readonly MeanRequest[] | undefined;
  readonly data: CalibrationData;
  /** Whether histograms are asked for, or only the extremes. */
  readonly histograms: boolean;
  /** Lets NaN and infinite values pass: for a look at ranges that decides nothing. */
  readonly tolerant?: boolean | undefined;
}

export interface Calibration {
  readonly statistics: ReadonlyMap<string, Statistics>;
  /** By value: [channels]. */
  readonly means: ReadonlyMap<string, Float64Array>;
}

/**
 * Statistics of each value over all samples.
 * @throws LatheError that names the node whose output is NaN or infinite
 */
export async function calibrate(request: CalibrationRequest, work: Work): Promise<Calibration> {
  const observers = [
    ...request.values.map((value) => (request.histograms ? new HistogramObserver(value) : new ExtremesObserver(value))),
    ...(request.means ?? []).map((mean) => new MeanObserver(mean)),
  ];
  await observe(request, observers, work);
  const statistics = new Map<string, Statistics>();
  const means = new Map<string, Float64Array>();
  for (const observer of observers) {
    if (observer instanceof MeanObserver) means.set(observer.value, observer.mean());
    else statistics.set(observer.value, observer.statistics());
  }
  return { statistics, means };
}

export type Results = Readonly<Record<string, NdArray>>;

/** What is asked of the graph about a value, and what is kept of the answers. */
export interface Observer {
  readonly value: string;
  /** Adds what it needs to the graph; gives the names of the outputs that it reads. */
  prepare(patch: Patch, opset: number): readonly string[];
  /** @returns false where the value held NaN or infinite numbers */
  see(results: Results): boolean;
}

/** The smallest and the largest element, found inside the graph: a few numbers leave the runtime. */
class ExtremesObserver implements Observer {
  readonly value: string;
  #names: readonly string[] = [];
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(value: string) {
    this.value = value;
  }

  prepare(patch: Patch): readonly string[] {
    // The sum is what shows a NaN: minimum and maximum may pass over it.
    this.#names = ['ReduceMin', 'ReduceMax', 'ReduceSum'].map((opType) => reduce(patch, opType, this.value));
    return this.#names;
  }

  see(results: Results): boolean {
    const [min, max, sum] = this.#names.map((name) => Number((results[name] as NdArray<'float32'>).data[0]));
    this.#min = Math.min(this.#min, min as number);
    this.#max = Math.max(this.#max, max as number);
    return Number.isFinite(sum);
  }

  statistics(): Statistics {
    return { min: this.#min, max: this.#max };
  }
}

/** The whole value leaves the runtime and is counted at once. */
class HistogramObserver implements Observer {
  readonly value: string;
  readonly #histogram = new Histogram();

  constructor(value: string) {
    this.value = value;
  }

  prepare(): readonly string[] {
    return [this.value];
  }

  see(results: Results): boolean {
    return this.#histogram.add((results[this.value] as NdArray<'float32'>).data) === 0;
  }

  statistics(): Statistics {
    const { min, max } = this.#histogram;
    return { min, max, histogram: this.#histogram };
  }
}

class MeanObserver implements Observer {
  readonly value: string;
  readonly #request: MeanRequest;
  #name = '';
  #sum = new Float64Array(0);
  #runs = 0;

  constructor(request: MeanRequest) {
    this.value = request.value;
    this.#request = request;
  }

  prepare(patch: Patch, opset: number): readonly string[] {
    const { value, axis, rank } = this.#request;
    const axes = [...new Array(rank).keys()].filter((at) => at !== axis);
    this.#name = reduce(patch, 'ReduceMean', value, axes, opset);
    return [this.#name];
  }

  see(results: Results): boolean {
    const { data } = results[this.#name] as NdArray<'float32'>;
    if (this.#runs++ === 0) this.#sum = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) this.#sum[i]! += data[i]!;
    return true;
  }

  mean(): Float64Array {
    return this.#sum.map((sum) => sum / this.#runs);
  }
}

/** Adds a reduction over `axes` (all where absent), which from opset 18 on are an input. */
function reduce(patch: Patch, opType: string, value: string, axes?: readonly number[], opset = 0): string {
  const output = patch.freshName(`${value}_${opType}`);
  const inputs = [value];
  const extra: Record<string, Attribute> = { keepdims: attributes.int(0) };
  if (axes !== undefined && opset >= 18) {
    inputs.push(patch.freshName(`${output}_axes`));
    patch.setInitializer(int64Tensor(inputs[1] as string, [axes.length], axes));
  } else if (axes !== undefined) extra.axes = attributes.ints(axes);
  patch.addNode(makeNode(opType, patch.freshName(`${output}_node`), inputs, [output], extra));
  return output;
}

/**
 * Runs the model over the samples and shows each observer what it asked for.
 * @throws LatheError that names the node whose output is NaN or infinite
 */
export async function observe(
  { model, data, tolerant }: Pick<CalibrationRequest, 'model' | 'data' | 'tolerant'>,
  observers: readonly Observer[],
  work: Work,
): Promise<void> {
  if (observers.length === 0) return;
  const patch = new Patch(model.graph);
  const opset = model.opsets.get('') ?? 1;
  const asked = [...new Set(observers.flatMap((observer) => observer.prepare(patch, opset)))];
  const known = new Set(model.graph.outputs.map(({ name }) => name));
  const added = asked.filter((name) => !known.has(name)).map((name) => makeValue(name, 'float32', null));
  patch.setOutputs([...model.graph.outputs, ...added]);
  const observed = { ...model, graph: patch.apply() };
  const session = await openSession(observed, { background: true, threads: availableParallelism() });
  try {
    let done = 0;
    for await (const batch of data.batches()) {
      const results = await session.run(batch.feeds, asked);
      for (const observer of observers)
        if (!observer.see(results) && tolerant !== true) throw brokenActivation(model, observer.value);
      done += batch.size;
      const detail = `${done} of ${data.samples} samples`;
      work.progress({ phase: 'Calibrating', fraction: done / data.samples, detail });
    }
  } finally {
    await session.release();
  }
}

function brokenActivation(model: Model, value: string): LatheError {
  const node = indexGraph(model.graph).producer(value);
  return new LatheError({
    who: node === undefined ? `input "${value}"` : `${node.opType} "${node.name}"`,
    what: `gives NaN or infinite numbers on the calibration samples (value "${value}")`,
    next: 'check the preprocessing of the data, or exclude this node',
    code: 'failed',
  });
}
