/** One update of the parameters: a batch through the training graph, or several whose gradients are added up. */

import { type Feeds, type NdArray, zeros } from '../onnx/ir';
import type { Session } from '../onnx/session';
import { beta1, beta2 } from './optimizers';
import type { TrainingGraph } from './training-graph';
import type { TrainingPlan, TrainingState, Weights } from './training-state';

export interface Update {
  /** Mean over the rows. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly weights: Weights;
  readonly optimizer: Weights;
}

type Found = Readonly<Record<string, NdArray<'float32'>>>;

/** @param before of it only weights, optimiser and step count; @param rows of the whole update */
export async function runUpdate(
  plan: TrainingPlan,
  before: Pick<TrainingState, 'weights' | 'optimizer' | 'step'>,
  rows: Int32Array,
  learningRate: number,
): Promise<Update> {
  const { graph, session, updateSession } = plan;
  const state = { ...Object.fromEntries(before.optimizer), ...scalarFeeds(graph, before.step, learningRate) };
  if (updateSession === null) {
    const batch = await batchFeeds(plan, rows, before.step);
    const found = await runWith(session, { ...batch, ...Object.fromEntries(before.weights), ...state });
    return outcome(plan, found, scalarOf(found, graph.loss));
  }
  const summed = await sumGradients(plan, before, rows);
  const feeds = { ...Object.fromEntries(summed.weights), ...Object.fromEntries(summed.gradients), ...state };
  return outcome(plan, { ...summed.moved, ...(await runWith(updateSession, feeds)) }, summed.loss);
}

/** What the training graph is fed for some rows: to be looked at again where a step failed. */
export async function stepFeeds(
  plan: TrainingPlan,
  { weights, optimizer, step }: Pick<TrainingState, 'weights' | 'optimizer' | 'step'>,
  rows: Int32Array,
  learningRate: number,
): Promise<Feeds> {
  const { graph, session } = plan;
  const sums = graph.gradientSums.map(({ name, parameter }) => [name, zeroLike(weights, parameter)] as const);
  return readBy(session, {
    ...(await batchFeeds(plan, rows, step)),
    ...Object.fromEntries([...weights, ...optimizer, ...sums]),
    ...scalarFeeds(graph, step, learningRate),
    [graph.share]: scalar(1),
  });
}

/** Each part's gradients and loss count by its share of the rows, so that they are those of one large batch. */
async function sumGradients(plan: TrainingPlan, before: Pick<TrainingState, 'weights' | 'step'>, rows: Int32Array) {
  const { graph, session, settings } = plan;
  let gradients: Weights = new Map(
    graph.gradientSums.map(({ name, parameter }) => [name, zeroLike(before.weights, parameter)]),
  );
  let weights = before.weights;
  let moved: Found = {};
  let loss = 0;
  for (let first = 0, part = 0; first < rows.length; first += settings.batch, part++) {
    const some = rows.subarray(first, first + settings.batch);
    const share = some.length / rows.length;
    const batch = await batchFeeds(plan, some, before.step * settings.accumulate + part);
    const found = await runWith(session, {
      ...batch,
      ...Object.fromEntries(weights),
      ...Object.fromEntries(gradients),
      [graph.share]: scalar(share),
    });
    gradients = new Map(graph.gradientSums.map(({ name, next }) => [name, found[next] as NdArray<'float32'>]));
    // Running statistics move with each part.
    const statistics = graph.parameters.filter(({ next }) => found[next] !== undefined);
    weights = new Map([
      ...weights,
      ...statistics.map(({ name, next }) => [name, found[next] as NdArray<'float32'>] as const),
    ]);
    moved = Object.fromEntries(statistics.map(({ next }) => [next, found[next] as NdArray<'float32'>]));
    loss += share * scalarOf(found, graph.loss);
  }
  return { gradients, weights, moved, loss };
}

async function batchFeeds(plan: TrainingPlan, rows: Int32Array, number: number): Promise<Feeds> {
  const { graph } = plan;
  const { feeds, labels } = plan.samples.gather(rows);
  const batch: Record<string, NdArray> = { ...plan.augment(feeds, number) };
  if (plan.teacher !== null) Object.assign(batch, await plan.teacher(rows, batch));
  if (graph.labels !== '')
    batch[graph.labels] = { dtype: 'int64', shape: [(labels as BigInt64Array).length], data: labels as BigInt64Array };
  return batch;
}

async function runWith(session: Session, feeds: Feeds): Promise<Found> {
  return (await session.run(readBy(session, feeds))) as Found;
}

/** What the session reads; an optimiser without corrections, say, reads none. */
function readBy(session: Session, feeds: Feeds): Feeds {
  const read = session.inputs.flatMap(({ name }) => {
    const array = feeds[name];
    return array === undefined ? [] : [[name, array] as const];
  });
  return Object.fromEntries(read);
}

function scalarFeeds({ learningRate, corrections }: TrainingGraph, step: number, rate: number): Feeds {
  return {
    [learningRate]: scalar(rate),
    [corrections[0]]: scalar(1 - beta1 ** (step + 1)),
    [corrections[1]]: scalar(1 - beta2 ** (step + 1)),
  };
}

function zeroLike(weights: Weights, name: string): NdArray<'float32'> {
  return zeros('float32', (weights.get(name) as NdArray<'float32'>).shape);
}

function outcome({ graph }: TrainingPlan, found: Found, loss: number): Update {
  const named = (pairs: readonly { name: string; next: string }[]) =>
    new Map(pairs.map(({ name, next }) => [name, found[next] as NdArray<'float32'>]));
  return {
    loss,
    gradientNorm: scalarOf(found, graph.gradientNorm),
    weights: named(graph.parameters),
    optimizer: named(graph.parameters.flatMap((parameter) => parameter.state)),
  };
}

function scalar(value: number): NdArray<'float32'> {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

function scalarOf(found: Found, name: string): number {
  return (found[name] as NdArray<'float32'>).data[0] as number;
}
