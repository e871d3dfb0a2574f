/** Where a step went wrong: the first layer that gives values which are not finite, forwards or on the way back. */

import { type Feeds, type Model, type NdArray, sortTopologically } from '../onnx/ir';
import { openSession, valueTypes } from '../onnx/session';
import { nodeTitle } from './gradient';
import type { TrainingGraph } from './training-graph';

/** Values asked for at once, so that not all of them are handed over together. */
const askedAtOnce = 32;

/**
 * @param feeds of the step that failed
 * @param sound feeds of the same rows with weights that are known to be good: what is infinite there too, as masks are, is
 * no cause
 * @returns a sentence's beginning: `Conv "stem" was the first …`; null where all is finite
 */
export async function firstNonFinite(training: TrainingGraph, feeds: Feeds, sound: Feeds): Promise<string | null> {
  const spoiled = training.parameters.find(({ name }) => !allFinite(feeds[name]));
  if (spoiled !== undefined) return `the update before it made "${spoiled.name}" no longer finite`;
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
  const layer = producers.get((await firstOf(model, forwards, feeds, sound)) ?? '');
  if (layer !== undefined) return `${nodeTitle(layer)} was the first whose values were not finite`;
  const byGradient = new Map([...gradients].map(([parameter, gradient]) => [gradient, parameter]));
  const backwards = floats.filter((name) => byGradient.has(name));
  const gradient = await firstOf(model, backwards, feeds, sound);
  return gradient === null
    ? null
    : `all layers were finite, and the gradient of "${byGradient.get(gradient)}" was the first that was not`;
}

async function firstOf(model: Model, names: readonly string[], feeds: Feeds, sound: Feeds): Promise<string | null> {
  const outputs = model.graph.outputs.map(({ name }) => name);
  const extraOutputs = names.filter((name) => !outputs.includes(name));
  const session = await openSession(model, { optimization: 'disabled', extraOutputs });
  try {
    for (let first = 0; first < names.length; first += askedAtOnce) {
      const some = names.slice(first, first + askedAtOnce);
      const values = await session.run(feeds, some);
      const suspects = some.filter((name) => !allFinite(values[name]));
      if (suspects.length === 0) continue;
      const usual = await session.run(sound, suspects);
      const cause = suspects.find((name) => allFinite(usual[name]));
      if (cause !== undefined) return cause;
    }
    return null;
  } finally {
    await session.release();
  }
}

function allFinite(array: NdArray | undefined): boolean {
  return array === undefined || array.dtype !== 'float32' || array.data.every((value) => Number.isFinite(value));
}
