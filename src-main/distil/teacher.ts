/** Who is learned from: the teacher's model, its hints, its answers, and what a step is fed of them. */

import { LatheError, type OptionValue, portion, type StepContext } from '../contract';
import type { Dataset } from '../data/dataset';
import { readModel } from '../onnx/file';
import type { Feeds, Model, NdArray } from '../onnx/ir';
import type { Forward } from './forward';
import { type HintPair, pairValues } from './hints/pair-values';
import type { TrainingIntent } from './method';
import type { TrainingSamples } from './samples';
import { type Answers, answersKey, teacherAnswers } from './teacher-answers';
import type { TrainingGraph } from './training-graph';

type Context = StepContext<Model, Dataset>;
type Options = Readonly<Record<string, OptionValue>>;

/** The model that is learned from. */
export interface TaughtBy {
  readonly model: Model;
  readonly output: string;
  readonly title: string;
}

export async function teacherOf(intent: TrainingIntent, output: string, context: Context): Promise<TaughtBy | null> {
  if (intent.teacher === null) return null;
  const isOriginal = intent.teacher === 'original';
  const model = intent.teacher === 'original' ? context.original : await readModel(intent.teacher.path);
  const title = isOriginal ? 'the original as teacher' : `teacher ${(intent.teacher as { path: string }).path}`;
  const { outputs } = model.graph;
  const own = outputs.some((value) => value.name === output) ? output : (outputs[0]?.name as string);
  return { model, output: own, title };
}

/** @throws LatheError where the teacher reads what the samples of the student do not have */
export function checkInputs({ model: { graph }, title }: TaughtBy, sample: Feeds): void {
  const missing = graph.inputs.find(({ name }) => !graph.initializers.has(name) && sample[name] === undefined);
  if (missing === undefined) return;
  const own = Object.keys(sample).map((name) => `"${name}"`);
  throw new LatheError({
    who: title,
    what: `takes the input "${missing.name}", and the student takes ${own.join(', ')}`,
    next: 'teacher and student must take the same inputs under the same names',
  });
}

export async function withHints(
  { hints }: TrainingIntent,
  model: Model,
  teacher: TaughtBy | null,
  sample: Feeds,
  seed: number,
): Promise<{ model: Model; pairs: readonly HintPair[] }> {
  if (hints === null || teacher === null) return { model, pairs: [] };
  return pairValues(hints.pairs, hints.hint, hints.weight, model, teacher.model, sample, seed);
}

export function projectionsOf(pairs: readonly HintPair[]): string[] {
  return pairs.flatMap(({ projection }) => (projection === '' ? [] : [projection]));
}

export interface Teacher extends TaughtBy {
  readonly forward: Forward;
}

/** What a step is fed of the teacher. Values inside it are asked for at each step: they are too many to be kept. */
export function lessons(
  { teacher: logits, hints }: TrainingGraph,
  teacher: Teacher,
  answers: Answers,
): (rows: Int32Array, feeds: Feeds) => Promise<Feeds> {
  if (hints.length === 0) return async (rows, feeds) => (logits === '' ? {} : { [logits]: await answers(rows, feeds) });
  return async (_rows, feeds) => {
    const told = await teacher.forward.all(feeds);
    const values = hints.map(({ feed, value }) => [feed, told.values[value] as NdArray]);
    return { ...Object.fromEntries(values), ...(logits === '' ? {} : { [logits]: told.logits }) };
  };
}

/** A moved picture has no stored answer. */
export async function answersOf(
  teacher: Teacher | null,
  graph: TrainingGraph,
  samples: TrainingSamples,
  options: Options,
  context: Context,
): Promise<Answers | null> {
  if (teacher === null) return null;
  if (options.augment !== 'none') return (_rows, feeds) => teacher.forward.logits(feeds);
  const data = context.dataset?.summary.hash ?? '';
  const place = { folder: context.cacheDir, key: answersKey(teacher.model, teacher.output, data, samples.split) };
  const work = portion(context, 0.02, 0.05);
  return teacherAnswers(teacher.forward, samples, graph.classes, options.batch as number, place, work);
}

/** Held-out pictures are never moved: a teacher is asked once for each batch of them. */
export function remembered(answers: Answers | null): Answers | null {
  if (answers === null) return null;
  const known = new Map<number, NdArray<'float32'>>();
  return async (rows, feeds) => {
    const first = rows[0] as number;
    const found = known.get(first) ?? (await answers(rows, feeds));
    known.set(first, found);
    return found;
  };
}
