/**
 * How much each source of rounding costs the model's outputs. One graph holds every source behind a switch, so that a
 * single session answers for all of them: v' = v + s·(DQ(Q(v)) − v), with s from the input `switches`.
 *
 * A source is the rounding of one activation, or of one weight. Small errors from different sources add up in power.
 */

import { availableParallelism } from 'node:os';
import type { Work } from '../contract';
import {
  type Attribute,
  attributes,
  type Feeds,
  type Graph,
  indexGraph,
  int64Tensor,
  makeNode,
  makeValue,
  type NdArray,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import { openSession, type Session } from '../onnx/session';
import { type AddedBias, addedBias } from './bias-correction';
import type { CalibrationData } from './calibration-data';
import { channelAxis } from './insert';
import { activationsOf, type Placement, type Unit } from './place';
import type { ActivationParams } from './quant-params';
import type { StaticConfig, StaticQuantizer } from './static-quantizer';
import { measuredValues } from './static-quantizer';
import { minMaxScales } from './weights';

export interface Source {
  readonly kind: 'activation' | 'weight';
  /** Value or weight name. */
  readonly name: string;
  /** The units that must stay in float for it to vanish. */
  readonly units: readonly Unit[];
  /** Error power of the outputs with this source alone, as a share of their own power. */
  readonly noise: number;
}

const switchesName = 'lathe_switches';

/** Each source of a placement with its noise, the loudest first. */
export async function measureSensitivity(
  quantizer: StaticQuantizer,
  placement: Placement,
  config: StaticConfig,
  data: CalibrationData,
  work: Work,
): Promise<Source[]> {
  const sources = sourcesOf(quantizer, placement);
  const board = await NoiseBoard.of(quantizer, sources, config, data);
  try {
    const measured: Source[] = [];
    for (const [at, source] of sources.entries()) {
      work.signal.throwIfAborted();
      measured.push({ ...source, noise: await board.noise(at, at + 1) });
      work.progress({ phase: 'Measuring sensitivity', fraction: (at + 1) / sources.length, detail: source.name });
    }
    return measured.sort((a, b) => b.noise - a.noise);
  } finally {
    await board.release();
  }
}

/**
 * Of sources that are asked about those that make at least that share of all noise, the loudest first, with the noise of
 * all sources. Halves what is loud until it stands alone: a few runs for each that is, however many are asked about. Where
 * all noise is little enough none is loud.
 */
export async function loudestSources(
  quantizer: StaticQuantizer,
  placement: Placement,
  config: StaticConfig,
  { asked, share, enough }: { asked: (source: Omit<Source, 'noise'>) => boolean; share: number; enough: number },
  data: CalibrationData,
  work: Work,
): Promise<{ sources: Source[]; noise: number }> {
  const all = sourcesOf(quantizer, placement);
  const candidates = all.filter(asked);
  if (candidates.length === 0) return { sources: [], noise: 0 };
  const board = await NoiseBoard.of(quantizer, [...candidates, ...all.filter((each) => !asked(each))], config, data);
  const found: Source[] = [];
  try {
    const noise = await board.noise(0, all.length);
    const descend = async (from: number, to: number): Promise<void> => {
      work.signal.throwIfAborted();
      work.progress({ phase: 'Looking for loud layers', fraction: from / candidates.length, detail: '' });
      const own = await board.noise(from, to);
      if (own <= share * noise) return;
      const [source] = candidates.slice(from, to);
      if (to - from === 1 && source !== undefined) {
        found.push({ ...source, noise: own });
        return;
      }
      const middle = (from + to) >> 1;
      await descend(from, middle);
      await descend(middle, to);
    };
    if (noise > enough) await descend(0, candidates.length);
    return { sources: found.sort((a, b) => b.noise - a.noise), noise };
  } finally {
    await board.release();
  }
}

/** A sample and what the float model makes of it. */
interface JudgedRun {
  readonly feeds: Feeds;
  readonly reference: Readonly<Record<string, NdArray>>;
}

/** One session for all sources. */
class NoiseBoard {
  readonly #session: Session;
  readonly #sources: number;
  readonly #runs: JudgedRun[] = [];

  private constructor(session: Session, sources: number) {
    this.#session = session;
    this.#sources = sources;
  }

  static async of(
    quantizer: StaticQuantizer,
    sources: readonly Omit<Source, 'noise'>[],
    config: StaticConfig,
    data: CalibrationData,
  ): Promise<NoiseBoard> {
    const { graph, outputs } = withUnsquashed(switchboard(quantizer, sources, config));
    const options = { background: true, threads: availableParallelism() };
    const session = await openSession({ ...quantizer.model, graph }, options);
    const board = new NoiseBoard(session, sources.length);
    for await (const { feeds } of data.batches())
      board.#runs.push({ feeds, reference: await session.run({ ...feeds, ...board.#switches(0, 0) }, outputs) });
    return board;
  }

  /** Error power over signal power of the outputs, with the sources from … to (without it) rounded. */
  async noise(from: number, to: number): Promise<number> {
    let sum = 0;
    for (const { feeds, reference } of this.#runs) {
      const changed = await this.#session.run({ ...feeds, ...this.#switches(from, to) }, Object.keys(reference));
      sum += relativeError(reference, changed);
    }
    return sum / this.#runs.length;
  }

  #switches(from: number, to: number): Feeds {
    const data = Float32Array.from({ length: this.#sources }, (_, at) => (at >= from && at < to ? 1 : 0));
    return { [switchesName]: { dtype: 'float32', shape: [data.length], data } };
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/**
 * The nodes to leave in float so that what the other sources cost stays within a budget, at little time: taken in by what
 * each gains for its cost, and let go again where those taken later made it needless.
 * @param cost of running a unit in float
 * @param budget error power of the outputs, as a share of their own power
 */
export function floatSet(
  sources: readonly Source[],
  cost: (unit: Unit) => number,
  budget: number,
): ReadonlySet<string> {
  const kept = new Map<string, number>();
  const isIn = (unit: Unit): boolean => !kept.has(unit.node.name);
  const left = (): Source[] => sources.filter(({ units, noise }) => noise > 0 && units.some(isIn));
  for (let loud = left(); loud.length > 0 && totalNoise(loud) > budget; loud = left()) {
    const worth = ({ noise, units }: Source) => noise / units.filter(isIn).reduce((sum, unit) => sum + cost(unit), 0);
    const best = loud.reduce((a, b) => (worth(b) > worth(a) ? b : a));
    for (const unit of best.units) kept.set(unit.node.name, cost(unit));
  }
  for (const [name, price] of [...kept].sort((a, b) => b[1] - a[1])) {
    kept.delete(name);
    if (totalNoise(left()) > budget) kept.set(name, price);
  }
  return new Set(kept.keys());
}

/** Errors of different sources add up in power. */
export function totalNoise(sources: readonly Source[]): number {
  return sources.reduce((sum, { noise }) => sum + noise, 0);
}

/** What a placement rounds. */
export function sourcesOf({ constants }: StaticQuantizer, placement: Placement): Omit<Source, 'noise'>[] {
  const readers = new Map<string, Unit[]>();
  for (const unit of placement.units) {
    for (const value of activationsOf(unit)) {
      const root = placement.roots.get(value) ?? value;
      readers.set(root, [...(readers.get(root) ?? []), unit]);
    }
  }
  const emitters = new Map(placement.units.map((unit) => [unit.output, unit]));
  const activations = measuredValues(placement).map((name) => {
    const emitter = emitters.get(name);
    const reading = (readers.get(name) ?? []).filter((unit) => unit.kind !== 'move');
    // What only floats read is rounded for the sake of the kernel that makes it.
    const units = reading.length > 0 ? reading : emitter === undefined ? [] : [emitter];
    return { kind: 'activation' as const, name, units };
  });
  const weights = placement.units
    .filter((unit) => unit.kind === 'compute' && constants.tensor(unit.node.inputs[1] as string) !== undefined)
    .map((unit) => ({ kind: 'weight' as const, name: unit.node.name, units: [unit] }));
  return [...activations.filter(({ units }) => units.length > 0), ...weights];
}

/** The float graph with every source behind its switch. */
function switchboard(
  quantizer: StaticQuantizer,
  sources: readonly Omit<Source, 'noise'>[],
  config: StaticConfig,
): Graph {
  const { graph } = quantizer.model;
  const withActivations = new SwitchPatch(graph);
  sources.forEach((source, at) => {
    if (source.kind === 'activation')
      withActivations.switchActivation(source.name, at, quantizer.params(source.name, config));
  });
  withActivations.patch.setInputs([...graph.inputs, makeValue(switchesName, 'float32', [sources.length])]);
  const between = withActivations.patch.apply();
  const withWeights = new SwitchPatch(between);
  const nodes = new Map(between.nodes.map((node) => [node.name, node]));
  sources.forEach((source, at) => {
    const node = nodes.get(source.name);
    if (source.kind === 'weight' && node !== undefined) withWeights.switchWeight(node, at, quantizer, config, nodes);
  });
  return withWeights.patch.apply();
}

class SwitchPatch {
  readonly patch: Patch;

  constructor(graph: Graph) {
    this.patch = new Patch(graph);
  }

  switchActivation(value: string, at: number, { scale, zeroPoint }: ActivationParams): void {
    const s = this.#initializer(`${value}_s`, { dtype: 'float32', shape: [], data: Float32Array.of(scale) });
    const z = this.#initializer(`${value}_z`, { dtype: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) });
    const codes = this.#add('QuantizeLinear', [value, s, z], value);
    this.patch.redirect(value, this.#switched(value, this.#add('DequantizeLinear', [codes, s, z], value), at));
  }

  /** @param nodes of this graph by name */
  switchWeight(
    node: Node,
    at: number,
    quantizer: StaticQuantizer,
    { perChannel }: StaticConfig,
    nodes: ReadonlyMap<string, Node>,
  ): void {
    const own = node.inputs[1] as string;
    const weight = quantizer.constants.tensor(own) as Tensor;
    const scales = minMaxScales(weight, perChannel ? channelAxis(node, weight) : null);
    const quantized = quantizer.roundWeight(node, weight, scales);
    const codes = quantized.codes(this.patch.freshName(`${node.name}_codes`));
    this.patch.setInitializer(codes);
    const shape = scales.axis === null ? [] : [scales.scales.length];
    const s = this.#initializer(`${node.name}_s`, { dtype: 'float32', shape, data: scales.scales });
    const axis: Record<string, Attribute> = scales.axis === null ? {} : { axis: attributes.int(scales.axis) };
    const rounded = this.#add('DequantizeLinear', [codes.name, s], node.name, axis);
    const inputs = [...node.inputs];
    inputs[1] = this.#switched(own, rounded, at);
    const corrected = quantizer.correctedBias(node, weight, quantized);
    if (corrected !== undefined && node.opType === 'MatMul') {
      const added = addedBias(quantizer.index, quantizer.constants, node) as AddedBias;
      const add = nodes.get(added.add.name) as Node;
      const operands = [...add.inputs];
      operands[added.at] = this.#switchedBias(operands[added.at] as string, corrected, at);
      this.patch.replaceNode(add.name, { ...add, inputs: operands });
    } else if (corrected !== undefined) inputs[2] = this.#switchedBias(inputs[2] ?? '', corrected, at);
    this.patch.replaceNode(node.name, { ...node, inputs });
  }

  /** A bias that goes with the rounded weight: [out]. */
  #switchedBias(own: string, corrected: Float32Array, at: number): string {
    const value = this.#initializer('bias_corrected', {
      dtype: 'float32',
      shape: [corrected.length],
      data: corrected,
    });
    return own === '' ? this.#add('Mul', [this.#on(at), value], value) : this.#switched(own, value, at);
  }

  /** value + switch · (rounded − value) */
  #switched(value: string, rounded: string, at: number): string {
    const error = this.#add('Mul', [this.#on(at), this.#add('Sub', [rounded, value], value)], value);
    return this.#add('Add', [value, error], value);
  }

  #on(at: number): string {
    const index = this.patch.freshName(`switch_${at}_index`);
    this.patch.setInitializer(int64Tensor(index, [], [at]));
    return this.#add('Gather', [switchesName, index], `switch_${at}`);
  }

  #add(opType: string, inputs: readonly string[], stem: string, extra: Record<string, Attribute> = {}): string {
    const output = this.patch.freshName(`${stem}_${opType}`);
    this.patch.addNode(makeNode(opType, this.patch.freshName(`${output}_node`), inputs, [output], extra));
    return output;
  }

  #initializer(stem: string, array: NdArray): string {
    const name = this.patch.freshName(stem);
    this.patch.setInitializer(tensorFromArray(name, array));
    return name;
  }
}

/** Outputs that are float32, or may be. */
export function floatOutputs(graph: Graph): string[] {
  return graph.outputs
    .filter(({ type }) => type === null || (type.kind === 'tensor' && type.dtype === 'float32'))
    .map(({ name }) => name);
}

/** Press what they read into 0 … 1, where errors of different sources no longer add up. */
const squashing = new Set(['Softmax', 'LogSoftmax', 'Sigmoid']);

/** The float outputs to be looked at, and the graph that gives them: what goes into a Softmax in place of its result. */
function withUnsquashed(graph: Graph): { graph: Graph; outputs: string[] } {
  const index = indexGraph(graph);
  const outputs = floatOutputs(graph).map((name) => {
    const maker = index.producer(name);
    return maker !== undefined && squashing.has(maker.opType) ? (maker.inputs[0] as string) : name;
  });
  const added = outputs.filter((name) => !index.isOutput(name)).map((name) => makeValue(name, 'float32', null));
  return { graph: { ...graph, outputs: [...graph.outputs, ...added] }, outputs };
}

/** Error power over signal power, averaged over the outputs. */
export function relativeError(
  reference: Readonly<Record<string, NdArray>>,
  changed: Readonly<Record<string, NdArray>>,
): number {
  const shares = Object.entries(reference).map(([name, array]) => {
    const a = (array as NdArray<'float32'>).data;
    const b = (changed[name] as NdArray<'float32'>).data;
    let signal = 0;
    let noise = 0;
    for (let i = 0; i < a.length; i++) {
      signal += a[i]! ** 2;
      noise += (a[i]! - b[i]!) ** 2;
    }
    return signal === 0 ? 0 : noise / signal;
  });
  return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
}
