/** One pass over the calibration samples that observes any number of values at once, in bounded memory. */

import { availableParallelism } from 'node:os';
import { LatheError, type Work } from '../contract';
import { addToHistograms, countNonFinite, type HistogramInput } from '../kernels';
import { hashModel } from '../onnx/file';
import {
  type Attribute,
  attributes,
  dtypeCode,
  type Feeds,
  indexGraph,
  int64Tensor,
  type Model,
  makeNode,
  makeValue,
  type NdArray,
  Patch,
} from '../onnx/ir';
import { cpuInfo, openSession, runtimeVersion } from '../onnx/session';
import type { CalibrationData } from './calibration-data';
import { leadingTo } from './leading-to';
import { Histogram } from './observers/histogram';
import type { Statistics } from './observers/statistics';
import { type Keepable, SavedPass } from './statistics-cache';

/** The average of a value for each index of one axis, over all others. */
export interface MeanRequest {
  readonly value: string;
  readonly axis: number;
  readonly rank: number;
  /** The average of its squares instead. */
  readonly squared?: boolean | undefined;
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
  /** Leaves the weights in the file that they are mapped from: a little slower, and no copy of the model in memory. */
  readonly mapped?: boolean | undefined;
}

/** How the samples of a pass came to be seen. */
export interface Seen {
  /** Samples that the model was run on; the rest were seen in an earlier pass. */
  readonly ran: number;
  /** Samples that a pass had seen when it was interrupted. */
  readonly resumed: number;
}

export interface Calibration extends Seen {
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
  const seen = await observe(request, observers, work);
  const statistics = new Map<string, Statistics>();
  const means = new Map<string, Float64Array>();
  for (const observer of observers) {
    if (observer instanceof MeanObserver) means.set(observer.value, observer.mean());
    else statistics.set(observer.value, observer.statistics());
  }
  return { statistics, means, ...seen };
}

export type Results = Readonly<Record<string, NdArray>>;

/** What is asked of the graph about a value, and what is kept of the answers. */
export interface Observer extends Keepable {
  readonly value: string;
  /** Adds what it needs to the graph; gives the names of the outputs that it reads. */
  prepare(patch: Patch, opset: number): readonly string[];
  /**
   * @param samples of this run
   * @returns false where the value held NaN or infinite numbers
   */
  see(results: Results, samples: number): boolean;
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

  get key(): string {
    return `extremes of ${this.value}`;
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

  state(): Float64Array {
    return Float64Array.of(this.#min, this.#max);
  }

  restore(state: Float64Array): void {
    [this.#min, this.#max] = state as unknown as [number, number];
  }
}

/** The whole value leaves the runtime and is counted at once, together with all others that do. */
class HistogramObserver implements Observer {
  readonly value: string;
  readonly #histogram = new Histogram();
  readonly #sums = { min: 0, max: 0, samples: 0 };

  constructor(value: string) {
    this.value = value;
  }

  get key(): string {
    return `histogram and average extremes of ${this.value}`;
  }

  prepare(): readonly string[] {
    return [this.value];
  }

  see(results: Results, size: number): boolean {
    return HistogramObserver.seeTogether([this], results, size)[0]!;
  }

  /** What {@link see} does for each, on all processors. */
  static seeTogether(observers: readonly HistogramObserver[], results: Results, size: number): boolean[] {
    const inputs = observers.map((observer) => observer.#input(results, size));
    const broken = addToHistograms(inputs);
    return observers.map((observer, at) => {
      observer.#addExtremes((inputs[at] as HistogramInput).extremes);
      return broken[at] === 0;
    });
  }

  #input(results: Results, size: number): HistogramInput {
    const { data, shape } = results[this.value] as NdArray<'float32'>;
    const samples = data.length === 0 ? 0 : shape[0] === size ? size : 1;
    return { histogram: this.#histogram, x: data, extremes: new Float32Array(2 * samples) };
  }

  /** @param extremes [2, samples] */
  #addExtremes(extremes: Float32Array): void {
    const samples = extremes.length / 2;
    for (let sample = 0; sample < samples; sample++) {
      this.#sums.min += extremes[sample]!;
      this.#sums.max += extremes[samples + sample]!;
    }
    this.#sums.samples += samples;
  }

  statistics(): Statistics {
    const { min, max } = this.#histogram;
    const { samples, ...sums } = this.#sums;
    const average = { min: sums.min / samples, max: sums.max / samples };
    return { min, max, histogram: this.#histogram, average };
  }

  state(): Float64Array {
    const { min, max, samples } = this.#sums;
    return Float64Array.of(min, max, samples, ...this.#histogram.state());
  }

  restore(state: Float64Array): void {
    const [min, max, samples] = state as unknown as [number, number, number];
    Object.assign(this.#sums, { min, max, samples });
    this.#histogram.restore(state.subarray(3));
  }
}

/** Sums and counts of each run, added up: a run counts by its elements, however samples are put into runs. */
export class MeanObserver implements Observer {
  readonly value: string;
  readonly #request: MeanRequest;
  #names: readonly string[] = [];
  #sum = new Float64Array(0);
  #elements = 0;

  constructor(request: MeanRequest) {
    this.value = request.value;
    this.#request = request;
  }

  get key(): string {
    const { axis, squared } = this.#request;
    return `means of ${this.value}${squared === true ? ' squared' : ''} along ${axis}`;
  }

  prepare(patch: Patch, opset: number): readonly string[] {
    const { value, rank, squared } = this.#request;
    const axes = [...new Array(rank).keys()].filter((at) => at !== this.#request.axis);
    const averaged = squared === true ? patch.freshName(`${value}_squared`) : value;
    if (averaged !== value)
      patch.addNode(makeNode('Mul', patch.freshName(`${averaged}_node`), [value, value], [averaged]));
    const elements = patch.freshName(`${value}_elements`);
    patch.addNode(makeNode('Size', patch.freshName(`${elements}_node`), [value], [elements]));
    const count = patch.freshName(`${elements}_float`);
    const float = { to: attributes.int(dtypeCode('float32')) };
    patch.addNode(makeNode('Cast', patch.freshName(`${count}_node`), [elements], [count], float));
    this.#names = [reduce(patch, 'ReduceMean', averaged, axes, opset), count];
    return this.#names;
  }

  see(results: Results): boolean {
    const [mean, count] = this.#names.map((name) => (results[name] as NdArray<'float32'>).data);
    const channels = (mean as Float32Array).length;
    const elements = (count as Float32Array)[0]! / channels;
    if (this.#elements === 0) this.#sum = new Float64Array(channels);
    for (let i = 0; i < channels; i++) this.#sum[i]! += mean![i]! * elements;
    this.#elements += elements;
    return true;
  }

  mean(): Float64Array {
    return this.#sum.map((sum) => sum / this.#elements);
  }

  state(): Float64Array {
    return Float64Array.of(this.#elements, ...this.#sum);
  }

  restore(state: Float64Array): void {
    this.#elements = state[0]!;
    this.#sum = state.slice(1);
  }
}

/** Adds a reduction over `axes` (all where absent), which from opset 18 on are an input. Not for ReduceSum with axes. */
export function reduce(patch: Patch, opType: string, value: string, axes?: readonly number[], opset = 0): string {
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
 * Runs the model over the samples and shows each observer what it asked for. Where the data has a cache, samples that an
 * earlier pass saw are not run again.
 * @throws LatheError that names the node whose output is NaN or infinite
 */
export async function observe(
  request: Pick<CalibrationRequest, 'model' | 'data' | 'tolerant' | 'mapped'>,
  observers: readonly Observer[],
  work: Work,
): Promise<Seen> {
  if (observers.length === 0) return { ran: 0, resumed: 0 };
  const { data } = request;
  const saved = savedPass(request, observers);
  const first = (await saved?.resume()) ?? 0;
  if (first >= data.samples) return { ran: 0, resumed: 0 };
  const { observed, asked } = observedModel(request, observers);
  const prepacking = request.mapped !== true;
  const threads = availableParallelism();
  const session = await openSession(observed, { background: true, threads, prepacking, keepBuffers: prepacking });
  let done = first;
  try {
    for await (const batch of data.together(first)) {
      const results = await session.run(batch.feeds, asked);
      const broken = seeAll(observers, results, batch.size);
      if (broken !== undefined && request.tolerant !== true)
        throw brokenInput(batch.feeds, done) ?? brokenActivation(request.model, broken.value);
      done += batch.size;
      const detail = `${done} of ${data.samples} samples`;
      work.progress({ phase: 'Calibrating', fraction: done / data.samples, detail });
      if (done < data.samples) await saved?.keepNowAndThen(done);
    }
    await saved?.keep(done);
  } finally {
    await session.release();
  }
  return { ran: done - first, resumed: first };
}

/** @returns the first whose value held NaN or infinite numbers */
function seeAll(observers: readonly Observer[], results: Results, size: number): Observer | undefined {
  const whole = observers.filter((observer) => observer instanceof HistogramObserver);
  const isSound = new Map<Observer, boolean>();
  HistogramObserver.seeTogether(whole, results, size).forEach((sound, at) => {
    isSound.set(whole[at] as Observer, sound);
  });
  for (const observer of observers) if (!isSound.has(observer)) isSound.set(observer, observer.see(results, size));
  return observers.find((observer) => isSound.get(observer) === false);
}

/** The model with everything among its outputs that the observers ask for; nothing else where weights are mapped. */
function observedModel(
  { model, mapped }: Pick<CalibrationRequest, 'model' | 'mapped'>,
  observers: readonly Observer[],
): { observed: Model; asked: string[] } {
  const patch = new Patch(model.graph);
  const opset = model.opsets.get('') ?? 1;
  const asked = [...new Set(observers.flatMap((observer) => observer.prepare(patch, opset)))];
  const known = new Set(model.graph.outputs.map(({ name }) => name));
  const added = asked.filter((name) => !known.has(name)).map((name) => makeValue(name, 'float32', null));
  patch.setOutputs([...model.graph.outputs, ...added]);
  const graph = patch.apply();
  if (mapped !== true) return { observed: { ...model, graph }, asked };
  const outputs = graph.outputs.filter(({ name }) => asked.includes(name));
  return { observed: { ...model, graph: { ...leadingTo(graph, asked), outputs } }, asked };
}

/** Where the cache of the data keeps a pass over its samples; null where there is no cache. */
export function savedPass(
  { model, data, tolerant }: Pick<CalibrationRequest, 'model' | 'data' | 'tolerant'>,
  keepables: readonly Keepable[],
): SavedPass | null {
  if (data.cache === null) return null;
  const machine = [runtimeVersion(), cpuInfo().name, availableParallelism()];
  const depends = [hashModel(model), data.cache.key, tolerant === true, ...machine];
  return new SavedPass(data.cache.folder, depends, keepables);
}

/** What is broken before the model has seen it; null where every input is sound. */
function brokenInput(feeds: Feeds, done: number): LatheError | null {
  const broken = Object.entries(feeds).find(
    ([, array]) => array.dtype === 'float32' && countNonFinite((array as NdArray<'float32'>).data) > 0,
  );
  if (broken === undefined) return null;
  return new LatheError({
    who: `input "${broken[0]}"`,
    what: `holds NaN or infinite numbers in the calibration samples, after ${done} sound ones`,
    next: 'mend the data: numpy.isfinite tells which rows',
    code: 'failed',
  });
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
