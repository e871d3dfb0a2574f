/**
 * Which weights take more bits than the others. Every product stands in one graph twice, with few bits and with many,
 * behind a switch: one session tells what each weight costs the outputs on calibration samples, and what a mixture does.
 * The session holds the weights in both widths: 12 bits each for 4 and 8, where the float model has 32.
 *
 * Small errors from different weights add up in power; so weights are raised in the order of power spared for a bit.
 */

import { availableParallelism } from 'node:os';
import { portion, type Work } from '../contract';
import {
  attributes,
  type Feeds,
  type Graph,
  int64Tensor,
  type Model,
  makeGraph,
  makeNode,
  makeValue,
  type NdArray,
  Patch,
} from '../onnx/ir';
import { openSession, type Session } from '../onnx/session';
import { type BlockLayer, weightKey } from './block-layers';
import { BlockNodes, type NodeOptions, type StoredBlocks } from './block-nodes';
import type { CalibrationData } from './calibration-data';
import { relativeError } from './sensitivity';

/** A product with its weight in both widths. */
export interface MixedLayer {
  readonly layer: BlockLayer;
  readonly few: StoredBlocks;
  readonly many: StoredBlocks;
}

/** `bits`: at most so many a weight, on average; `error`: the outputs this near, in decibels of signal over error. */
export interface MixBudget {
  readonly kind: 'bits' | 'error';
  readonly limit: number;
}

export interface Mixture {
  /** Keys of the weights that take many bits. */
  readonly raised: ReadonlySet<string>;
  /** Signal over error of the outputs with it. */
  readonly sqnrDb: number;
  readonly meanBits: number;
  readonly isMet: boolean;
}

interface Candidate {
  readonly key: string;
  readonly weights: number;
  /** What few bits save of the file. */
  readonly savedBits: number;
  /** Error power of the outputs when this weight alone has few bits, above that of many. */
  readonly noise: number;
}

/** Mixtures that are run to see what the sum of their parts did not tell. */
const mostTrials = 8;

export async function mixBits(
  model: Model,
  layers: readonly MixedLayer[],
  budget: MixBudget,
  options: NodeOptions,
  data: CalibrationData,
  outputs: readonly string[],
  work: Work,
): Promise<Mixture> {
  const board = await Switchboard.of(model, layers, options, data, outputs, portion(work, 0, 0.1));
  try {
    return await new Mixer(board, layers, budget).choose(portion(work, 0.1, 1));
  } finally {
    await board.release();
  }
}

class Mixer {
  readonly #board: Switchboard;
  readonly #layers: readonly MixedLayer[];
  readonly #budget: MixBudget;

  constructor(board: Switchboard, layers: readonly MixedLayer[], budget: MixBudget) {
    this.#board = board;
    this.#layers = layers;
    this.#budget = budget;
  }

  async choose(work: Work): Promise<Mixture> {
    const candidates = await this.#candidates(work);
    if (this.#budget.kind === 'bits') return this.#mixture(withinBits(candidates, this.#budget.limit), candidates);
    return this.#withinError(candidates);
  }

  /** The weights, those first that spare most for a bit. */
  async #candidates(work: Work): Promise<Candidate[]> {
    const floor = await this.#board.noise(new Set());
    const byKey = new Map(this.#layers.map((mixed) => [weightKey(mixed.layer), mixed]));
    const found: Candidate[] = [];
    for (const [key, { layer, few, many }] of byKey) {
      work.signal.throwIfAborted();
      const noise = Math.max(0, (await this.#board.noise(new Set([key]))) - floor);
      const weights = layer.inputs * layer.outputs;
      found.push({ key, weights, savedBits: weights * (many.format.bits - few.format.bits), noise });
      work.progress({ phase: 'Measuring weights', fraction: found.length / byKey.size, detail: layer.node.name });
    }
    return found.sort((a, b) => b.noise / b.savedBits - a.noise / a.savedBits || (a.key < b.key ? -1 : 1));
  }

  /** The fewest raised weights with which the outputs are near enough: a guess by sums, then runs until it holds. */
  async #withinError(candidates: readonly Candidate[]): Promise<Mixture> {
    const wanted = 10 ** (-this.#budget.limit / 10);
    const floor = await this.#board.noise(new Set());
    let rest = floor + candidates.reduce((sum, { noise }) => sum + noise, 0);
    let count = 0;
    while (count < candidates.length && rest > wanted) rest -= (candidates[count++] as Candidate).noise;
    for (let trial = 1; ; trial++) {
      const mixture = await this.#mixture(candidates.slice(0, count), candidates);
      if (mixture.isMet || count === candidates.length) return mixture;
      const left = candidates.length - count;
      count = trial >= mostTrials ? candidates.length : count + Math.max(1, Math.ceil(left / 8));
    }
  }

  async #mixture(raised: readonly Candidate[], candidates: readonly Candidate[]): Promise<Mixture> {
    const keys = new Set(raised.map(({ key }) => key));
    const few = new Set(candidates.filter(({ key }) => !keys.has(key)).map(({ key }) => key));
    const sqnrDb = -10 * Math.log10(Math.max(await this.#board.noise(few), 1e-12));
    const all = candidates.reduce((sum, { weights }) => sum + weights, 0);
    const saved = candidates.reduce((sum, { key, savedBits }) => sum + (few.has(key) ? savedBits : 0), 0);
    const meanBits = (this.#layers[0] as MixedLayer).many.format.bits - saved / all;
    const isMet = this.#budget.kind === 'bits' ? meanBits <= this.#budget.limit : sqnrDb >= this.#budget.limit;
    return { raised: keys, sqnrDb, meanBits, isMet };
  }
}

/** Those to raise, in order, as long as the mean stays within the budget; one that is too large lets smaller ones by. */
function withinBits(candidates: readonly Candidate[], meanBits: number): Candidate[] {
  const all = candidates.reduce((sum, { weights }) => sum + weights, 0);
  const least = candidates.reduce((sum, { weights, savedBits }) => sum + 8 * weights - savedBits, 0);
  let left = meanBits * all - least;
  return candidates.filter(({ savedBits }) => {
    const fits = savedBits <= left;
    if (fits) left -= savedBits;
    return fits;
  });
}

/** A sample and what the float model makes of it. */
interface JudgedRun {
  readonly feeds: Feeds;
  readonly reference: Readonly<Record<string, NdArray>>;
}

/** The model with each product twice, and the answers of the float model that it is held against. */
class Switchboard {
  readonly #session: Session;
  readonly #switches: string;
  readonly #keys: readonly string[];
  readonly #runs: readonly JudgedRun[];

  private constructor(session: Session, switches: string, keys: readonly string[], runs: readonly JudgedRun[]) {
    this.#session = session;
    this.#switches = switches;
    this.#keys = keys;
    this.#runs = runs;
  }

  static async of(
    model: Model,
    layers: readonly MixedLayer[],
    options: NodeOptions,
    data: CalibrationData,
    outputs: readonly string[],
    work: Work,
  ): Promise<Switchboard> {
    const threads = { background: true, threads: availableParallelism() };
    const float = await openSession(model, { ...threads, prepacking: false });
    const runs: JudgedRun[] = [];
    try {
      for await (const { feeds } of data.batches()) runs.push({ feeds, reference: await float.run(feeds, outputs) });
    } finally {
      await float.release();
    }
    work.progress({ phase: 'Measuring weights', fraction: 0.5, detail: 'both widths' });
    const { graph, switches, keys } = switchedGraph(model.graph, layers, options);
    const opsets = new Map(model.opsets).set('com.microsoft', 1);
    const session = await openSession({ ...model, opsets, graph }, threads);
    return new Switchboard(session, switches, keys, runs);
  }

  /** Error power over signal power of the outputs when the weights with these keys have few bits. */
  async noise(few: ReadonlySet<string>): Promise<number> {
    const data = Uint8Array.from(this.#keys, (key) => (few.has(key) ? 1 : 0));
    const switches: NdArray = { dtype: 'bool', shape: [data.length], data };
    let sum = 0;
    for (const { feeds, reference } of this.#runs) {
      const outputs = await this.#session.run({ ...feeds, [this.#switches]: switches }, Object.keys(reference));
      sum += relativeError(reference, outputs);
    }
    return sum / this.#runs.length;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function switchedGraph(
  graph: Graph,
  layers: readonly MixedLayer[],
  options: NodeOptions,
): { graph: Graph; switches: string; keys: readonly string[] } {
  const patch = new Patch(graph);
  const switches = patch.freshName('lathe_few_bits');
  const keys = [...new Set(layers.map(({ layer }) => weightKey(layer)))];
  patch.setInputs([...graph.inputs, makeValue(switches, 'bool', [keys.length])]);
  for (const { layer, few, many } of layers) {
    const { node } = layer;
    const at = patch.freshName(`${node.name}_switch_index`);
    patch.setInitializer(int64Tensor(at, [], [keys.indexOf(weightKey(layer))]));
    const isFew = patch.freshName(`${node.name}_is_few`);
    patch.addNode(makeNode('Gather', patch.freshName(`${node.name}_switch`), [switches, at], [isFew]));
    patch.replaceNode(
      node.name,
      makeNode('If', node.name, [isFew], node.outputs, {
        then_branch: attributes.graph(branch(layer, few, options, 'few')),
        else_branch: attributes.graph(branch(layer, many, options, 'many')),
      }),
    );
  }
  return { graph: patch.apply(), switches, keys };
}

/** A body that computes the product alone; names of its own, since a body sees those around it. */
function branch(layer: BlockLayer, stored: StoredBlocks, options: NodeOptions, suffix: string): Graph {
  const output = `${layer.node.outputs[0]}_${suffix}`;
  const node = { ...layer.node, name: `${layer.node.name}_${suffix}`, outputs: [output] };
  const outputs = [makeValue(output, 'float32', null)];
  const patch = new Patch(makeGraph({ name: node.name, nodes: [node], inputs: [], outputs }));
  const tensor = { ...layer.tensor, name: `${node.name}_weight` };
  new BlockNodes(patch, options).product({ ...layer, node, tensor }, stored);
  return patch.apply();
}
