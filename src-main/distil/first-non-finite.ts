/** Where a step went wrong: the first layer that gives values which are not finite, forwards or on the way back. */

import { type Feeds, type Model, type NdArray, sortTopologically } from '../onnx/ir';
import { openSession, valueTypes } from '../onnx/session';
import { nodeTitle } from './gradient';
import type { TrainingGraph } from './training-graph';

/** Values asked for at once, so that not all of them are handed over together. */
const askedAtOnce = 32;

export interface NonFinite {
  /** A sentence's beginning: `Conv "stem" was the first …`. */
  readonly what: string;
  /** It is so with the weights that training began with as well: no learning rate helps. */
  readonly fromStart: boolean;
}

/**
 * @param feeds of the step that failed
 * @param sound feeds of the same rows with the weights that training began with: what is infinite there too, as masks are,
 * is no cause; what is not a number there is one, where nothing else is found
 * @returns null where all is finite
 */
export async function firstNonFinite(training: TrainingGraph, feeds: Feeds, sound: Feeds): Promise<NonFinite | null> {
  const spoiled = spoiledFeed(training, feeds, sound);
  if (spoiled !== null) return spoiled;
  const { model, layers, gradients } = training;
  const types = await valueTypes(model);
  const nodes = sortTopologically(model.graph.name, model.graph.nodes);
  const floats = nodes.flatMap((node) =>
    node.outputs.filter((name) => {
      const type = types.get(name);
      return name !== '' && type?.kind === 'tensor' && type.dtype === 'float32';
    }),
  );
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const forwards = floats.filter((name) => layers.has(producers.get(name)?.name ?? ''));
  const { moved, always } = await firstOf(model, forwards, feeds, sound);
  const layer = producers.get(moved ?? always ?? '');
  if (layer !== undefined)
    return {
      what: `${nodeTitle(layer)} was the first whose values were not ${moved === null ? 'numbers, as they are with the weights that it began with' : 'finite'}`,
      fromStart: moved === null,
    };
  const byGradient = new Map([...gradients].map(([parameter, gradient]) => [gradient, parameter]));
  const backwards = floats.filter((name) => byGradient.has(name));
  const gradient = await firstOf(model, backwards, feeds, sound);
  const found = gradient.moved ?? gradient.always;
  return found === null
    ? null
    : {
        what: `all layers were finite, and the gradient of "${byGradient.get(found)}" was the first that was not`,
        fromStart: gradient.moved === null,
      };
}

/** A weight, an input of the data or an answer of the teacher that is not finite itself. */
function spoiledFeed(
  { parameters, model, teacher, hints }: TrainingGraph,
  feeds: Feeds,
  sound: Feeds,
): NonFinite | null {
  const weight = parameters.find(({ name }) => !allFinite(feeds[name]));
  if (weight !== undefined) {
    const fromStart = !allFinite(sound[weight.name]);
    const told = fromStart ? `"${weight.name}" holds NaN or infinite numbers in the file` : '';
    return { what: told || `the update before it made "${weight.name}" no longer finite`, fromStart };
  }
  const states = new Set(parameters.flatMap(({ state }) => state.map(({ name }) => name)));
  const input = model.graph.inputs.find(({ name }) => !states.has(name) && !allFinite(feeds[name]));
  if (input === undefined) return null;
  const isTaught = input.name === teacher || hints.some(({ feed }) => feed === input.name);
  const where = isTaught ? 'the answers of the teacher hold' : `input "${input.name}" of the samples holds`;
  return { what: `${where} NaN or infinite numbers`, fromStart: true };
}

interface FirstOf {
  /** The first that is not finite and is so with the weights at the start. */
  readonly moved: string | null;
  /** The first that is not a number in both, where there is none of the others. */
  readonly always: string | null;
}

async function firstOf(model: Model, names: readonly string[], feeds: Feeds, sound: Feeds): Promise<FirstOf> {
  const outputs = model.graph.outputs.map(({ name }) => name);
  const extraOutputs = names.filter((name) => !outputs.includes(name));
  const session = await openSession(model, { optimization: 'disabled', extraOutputs });
  let always: string | null = null;
  try {
    for (let first = 0; first < names.length; first += askedAtOnce) {
      const some = names.slice(first, first + askedAtOnce);
      const values = await session.run(feeds, some);
      const suspects = some.filter((name) => !allFinite(values[name]));
      if (suspects.length === 0) continue;
      const usual = await session.run(sound, suspects);
      const cause = suspects.find((name) => allFinite(usual[name]));
      if (cause !== undefined) return { moved: cause, always: null };
      always ??= suspects.find((name) => holdsNaN(usual[name])) ?? null;
    }
    return { moved: null, always };
  } finally {
    await session.release();
  }
}

function holdsNaN(array: NdArray | undefined): boolean {
  return array?.dtype === 'float32' && array.data.some((value) => Number.isNaN(value));
}

function allFinite(array: NdArray | undefined): boolean {
  return array === undefined || array.dtype !== 'float32' || array.data.every((value) => Number.isFinite(value));
}
