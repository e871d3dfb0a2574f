/**
 * What training gives back: students beside their teacher, pruned models recovered, quantization-aware training beside the
 * best post-training variant. Each run of a case with a seed is a line of JSON; a second call makes the tables.
 *
 *   npm run bench:distil -- DATA CASE SEED RESULTS.jsonl [key=value …]
 *   npm run bench:distil -- table RESULTS.jsonl
 *
 * DATA holds model.onnx with calib.npz, test.npz and, where there is one, train.npz. The cases `teacher` and `alone` begin with
 * a narrow copy of model-bn.onnx (for the bundled digits that of test/models/mnist-cnn) and random weights. The test split is read by the evaluation alone.
 */

import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { LatheError, type OptionValue, type Progress, type Step, unwatched } from '../../src-main/contract';
import { type Dataset, openDataset, type Split } from '../../src-main/data';
import { crossEntropyOf, openForward } from '../../src-main/distil/forward';
import { loadSamples } from '../../src-main/distil/samples';
import { evaluate } from '../../src-main/evaluate';
import { readModel, readTensor, writeModel } from '../../src-main/onnx/file';
import { elementCount, indexGraph, type Model, type NdArray, tensorFromArray, zeros } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';
import { runRecipe } from '../../src-main/recipe';
import { writeNpz } from '../support/npz';
import { byteStudent } from './byte-student';

/** Rows of a run. */
const atOnce = 32;

interface Result {
  readonly data: string;
  readonly case: string;
  readonly seed: number;
  readonly parameters: number;
  readonly metric: number;
  /** Against the original, paired sample by sample, in points. */
  readonly difference: number;
  readonly ci95: readonly [number, number];
  readonly seconds: number;
  /** Cross-entropy on the rows of the train split that training holds out. */
  readonly heldOut: number;
  readonly options: Readonly<Record<string, OptionValue>>;
  /** What was done before training, where several things were tried. */
  readonly variant?: string;
}

type Options = Readonly<Record<string, OptionValue>>;

interface Case {
  /** Steps to the model that is judged; several: the best of them on held-out rows is meant. */
  readonly variants: (options: Options, original: string) => readonly (readonly Step[])[];
  /** Training that begins with the best of the variants that it can train, and gives it back where it finds no better. */
  readonly training?: (options: Options) => Step;
  /** Labels of the calibration rows alone: the rest of the train split is there without any, or is not there. */
  readonly fewLabels?: 'unlabelled-rest' | 'no-rest';
  /** What the recipe begins with, where it is not the original. */
  readonly student?: (folder: string) => Promise<Model>;
}

const clean: Step = { kind: 'clean' };
const prune: Step = { kind: 'prune', method: 'magnitude', options: { sparsity: 0.8, scope: 'global' } };
const distil = (method: string, options: Options): Step => ({ kind: 'distil', method, options });
const qat = (options: Options): Step => distil('qat', options);

const int8Variants = (): readonly Step[][] => [
  ...['min-max', 'percentile', 'entropy', 'mse'].map((calibrator): Step[] => [
    clean,
    { kind: 'quantize', method: 'static-int8', options: { calibrator } },
  ]),
  [clean, { kind: 'quantize', method: 'auto-int8' }],
];
const int4Variants = (): readonly Step[][] =>
  ['nearest', 'mse', 'k-quant', 'hqq', 'gptq'].map((algorithm): Step[] => [
    clean,
    { kind: 'quantize', method: 'int4-weights', options: { algorithm } },
  ]);

/** Of the narrow copy: less than a quarter of the parameters. */
const narrow: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  digits: { 16: 8, 32: 16, 48: 23, 1568: 784 },
  'emoji-resnet': { 32: 15, 64: 31, 128: 63 },
};

const scratch = { weights: 'random', batchNorm: 'train' };
const cases: Readonly<Record<string, Case>> = {
  teacher: {
    student,
    variants: (options, teacher) => [[distil('distil', { teacher, ...scratch, ...options })]],
  },
  alone: {
    student,
    variants: ({ alpha: _, temperature: __, ...options }) => [[distil('fine-tune', { ...scratch, ...options })]],
  },
  'teacher, few labels': {
    student,
    fewLabels: 'unlabelled-rest',
    variants: (options, teacher) => [[distil('distil', { teacher, ...scratch, ...options })]],
  },
  'alone, few labels': {
    student,
    fewLabels: 'no-rest',
    variants: ({ alpha: _, temperature: __, ...options }) => [[distil('fine-tune', { ...scratch, ...options })]],
  },
  pruned: { variants: () => [[clean, prune]] },
  recovered: { variants: (options) => [[clean, prune, distil('recover', options)]] },
  'int8 qat': { variants: int8Variants, training: qat },
  'int4 qat': { variants: int4Variants, training: qat },
};

async function main(): Promise<void> {
  const [data, name, seed, results, ...settings] = process.argv.slice(2);
  if (data === 'table') return printTables(name as string);
  const found = cases[name ?? ''];
  if (found === undefined || data === undefined || results === undefined) {
    console.error(`usage: DATA CASE SEED RESULTS.jsonl [key=value …], CASE one of ${Object.keys(cases).join(', ')}`);
    process.exit(2);
  }
  const folder = resolve(data);
  const options = Object.fromEntries(settings.map((text) => parsed(text)));
  const bench = await openBench(folder, Number(seed), found.fewLabels);
  try {
    for (const made of await outcomes(bench, found, options)) {
      const result = { ...(await judged(bench, made.model)), seconds: made.seconds, heldOut: made.heldOut };
      const { variant } = made;
      const line: Result = {
        data: basename(folder),
        case: made.isStart ? (name as string).replace('qat', 'post-training') : (name as string),
        seed: bench.seed,
        ...result,
        options,
        variant,
      };
      await appendFile(results, `${JSON.stringify(line)}\n`);
      console.log(JSON.stringify(line));
    }
  } finally {
    await rm(bench.work, { recursive: true, force: true });
  }
}

function parsed(text: string): [string, OptionValue] {
  const [key, value] = text.split('=') as [string, string];
  if (value === 'true' || value === 'false') return [key, value === 'true'];
  return [key, Number.isNaN(Number(value)) ? value : Number(value)];
}

interface Bench {
  readonly folder: string;
  /** The original. */
  readonly original: string;
  readonly dataset: Dataset;
  /** Names of the model's inputs. */
  readonly inputs: readonly string[];
  readonly seed: number;
  /** For files of now. */
  readonly work: string;
}

async function openBench(data: string, seed: number, few: Case['fewLabels']): Promise<Bench> {
  const work = await mkdtemp(join(tmpdir(), 'lathe-distil-'));
  const folder = few === undefined ? data : await withFewLabels(data, join(work, basename(data)), few);
  const original = join(folder, 'model.onnx');
  const session = await openSession(original);
  const dataset = await openDataset(folder, session.inputs, { dims: {} });
  await session.release();
  const inputs = session.inputs.map((input) => input.name);
  return { folder, original, dataset, inputs, seed, work };
}

/** The same data, of whose train split only the rows are labelled that are those of calibration: its first. */
async function withFewLabels(data: string, folder: string, few: Case['fewLabels']): Promise<string> {
  await mkdir(folder);
  for (const name of ['model.onnx', 'calib.npz', 'test.npz', 'meta.json'])
    await symlink(join(data, name), join(folder, name));
  if (few === 'no-rest') return folder;
  const session = await openSession(join(data, 'model.onnx'));
  const { train, calibration } = await openDataset(data, session.inputs, { dims: {} });
  const { feeds } = await (train as Split).read(0, (train as Split).samples);
  const labels = (await (train as Split).array('labels')) as NdArray<'int64'>;
  const known = labels.data.map((label, row) => (row < (calibration as Split).samples ? label : -1n));
  writeNpz(join(folder, 'train.npz'), { ...feeds, labels: { ...labels, data: known } });
  await session.release();
  return folder;
}

interface Made {
  readonly model: Model;
  readonly heldOut: number;
  readonly seconds: number;
  readonly variant: string;
  /** What training begins with. */
  readonly isStart: boolean;
}

/** The variants of a case, and what training made of the best of them. */
async function outcomes(bench: Bench, { student, variants, training }: Case, options: Options): Promise<Made[]> {
  const model = student === undefined ? await readModel(bench.original) : await student(bench.folder);
  const tried: (Made & { readonly steps: readonly Step[] })[] = [];
  for (const steps of variants(options, bench.original))
    tried.push({ steps, ...(await performed(bench, model, steps)), isStart: training !== undefined });
  if (training === undefined) return tried;
  const [best, ...rest] = tried.toSorted((one, other) => one.heldOut - other.heldOut) as [(typeof tried)[0]];
  for (const start of [best, ...rest]) {
    console.error(`${start.variant}: ${start.heldOut.toFixed(4)} on held-out rows`);
    try {
      const trained = await performed(bench, model, [...start.steps, training(options)]);
      const kept = trained.heldOut < best.heldOut ? trained : best;
      return [...tried, { ...kept, seconds: trained.seconds, isStart: false }];
    } catch (error) {
      // Of the variants some are of a form that is not trained.
      if (!(error instanceof LatheError)) throw error;
      console.error(error.message);
    }
  }
  throw new Error('none of the variants can be trained');
}

async function performed(bench: Bench, model: Model, steps: readonly Step[]): Promise<Omit<Made, 'isStart'>> {
  const { dataset, seed } = bench;
  const startedAt = performance.now();
  const workDir = await mkdtemp(join(bench.work, 'recipe-'));
  const made = await runRecipe(model, { lathe: 1, seed, steps }, { ...watched(), dataset, dims: {}, workDir });
  for (const { notes } of made.steps) for (const note of notes) console.error(note);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const variant = steps.map((step) => [step.method ?? step.kind, ...Object.values(step.options ?? {})].join(' '));
  return { model: made.model, heldOut: await heldOutLoss(bench, made.model), seconds, variant: variant.join(', ') };
}

/** Cross-entropy on the very rows that training with this seed is judged by. */
async function heldOutLoss({ dataset, inputs, seed }: Bench, model: Model): Promise<number> {
  const samples = await loadSamples(dataset, inputs, seed, unwatched());
  const output = dataset.meta.output ?? (model.graph.outputs[0]?.name as string);
  const forward = await openForward(model, output, [], null, 'variant');
  let [sum, count] = [0, 0];
  for (let first = 0; first < samples.validation.length; first += atOnce) {
    const { feeds, labels } = samples.gather(samples.validation.subarray(first, first + atOnce));
    const part = crossEntropyOf(await forward.logits(feeds), labels as BigInt64Array);
    sum += part.sum;
    count += part.rows;
  }
  await forward.release();
  return sum / count;
}

async function judged({ work, original, folder }: Bench, model: Model) {
  const path = join(work, 'model.onnx');
  await writeModel(model, path);
  const both = { model: path, baseline: original, data: folder, dims: {}, threads: 1, batch: atOnce, cacheDir: null };
  const evaluation = await evaluate({ ...both, quick: true }, unwatched());
  const main = evaluation.mainMetric as string;
  const difference = evaluation.differences?.[main] as { value: number; ci95: [number, number] };
  return {
    parameters: parametersOf(model),
    metric: evaluation.metrics[main]?.value as number,
    difference: 100 * difference.value,
    ci95: difference.ci95.map((bound) => 100 * bound) as [number, number],
  };
}

/** Epochs as they end, on the error stream. */
function watched() {
  let told = 0;
  const progress = ({ training }: Progress) => {
    const last = training?.validation.at(-1);
    if (training === undefined || last === undefined || last.step === told) return;
    told = last.step;
    const { step, steps, samplesPerSecond, best } = training;
    console.error(
      `step ${step} of ${steps}, loss ${training.loss.toFixed(4)}, validation ${last.loss?.toFixed(4)}, best ${best.validation?.toFixed(4)} of epoch ${best.epoch}, ${Math.round(samplesPerSecond)} samples/s`,
    );
  };
  return { ...unwatched(), progress };
}

function parametersOf(model: Model): number {
  return [...model.graph.initializers.values()]
    .filter(({ dtype }) => dtype !== 'int64')
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** The network with fewer channels, for language bytes another network; its numbers are still to be learned. */
async function student(folder: string): Promise<Model> {
  if (basename(folder).startsWith('langid-transformer')) return byteStudent();
  const own = join(folder, 'model-bn.onnx');
  const model = await readModel(existsSync(own) ? own : join('test', 'models', 'mnist-cnn', 'model-bn.onnx'));
  const sizes = narrow[basename(folder)] ?? {};
  const index = indexGraph(model.graph);
  const initializers = new Map(model.graph.initializers);
  for (const [name, tensor] of initializers) {
    const isWeight = index
      .consumers(name)
      .some(({ opType }) => /^(Conv|Gemm|BatchNormalization|Identity)$/.test(opType));
    if (!isWeight || tensor.dtype !== 'float32') continue;
    const shape = tensor.shape.map((dim, axis) => (axis < 2 ? (sizes[dim] ?? dim) : dim));
    const whole = readTensor(tensor) as NdArray<'float32'>;
    const cut = zeros('float32', shape);
    initializers.set(name, tensorFromArray(name, { ...cut, data: cut.data.map((_, at) => whole.data[at] as number) }));
  }
  return { ...model, graph: { ...model.graph, initializers, values: new Map() } };
}

async function printTables(path: string): Promise<void> {
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const results = lines.map((line) => JSON.parse(line) as Result);
  const groups = grouped(chosen(results), (result) => `${result.data}|${result.case}`);
  console.log(
    '| data | case | parameters | seeds | held-out loss | metric, % | against the original, points | intervals |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const some of groups.values()) {
    const [first] = some as [Result, ...Result[]];
    const intervals = some.map(({ ci95 }) => `${ci95[0].toFixed(2)} … ${ci95[1].toFixed(2)}`).join('; ');
    const cells = [
      first.data,
      first.case,
      first.parameters,
      some.length,
      meanAndSpread(
        some.map(({ heldOut }) => heldOut),
        4,
      ),
      meanAndSpread(some.map(({ metric }) => 100 * metric)),
      meanAndSpread(some.map(({ difference }) => difference)),
      intervals,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/**
 * Of a trained case the last run of a seed. Of several post-training variants the best on held-out rows; in lines of
 * their own those that are best on the test split, which flatters them.
 */
function chosen(results: readonly Result[]): Result[] {
  const groups = [...grouped(results, ({ data, case: name, seed }) => `${data}|${name}|${seed}`).values()];
  return groups.flatMap((some) => {
    if (!some[0]?.case.includes('post-training')) return some.slice(-1);
    const best = some.reduce((one, other) => (other.heldOut < one.heldOut ? other : one));
    const lucky = some.reduce((one, other) => (other.metric > one.metric ? other : one));
    return [best, { ...lucky, case: `${lucky.case}, best on test` }];
  });
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Mean ± standard deviation. */
function meanAndSpread(values: readonly number[], digits = 2): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(digits);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(variance).toFixed(digits)}`;
}

await main();
