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
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type OptionValue, type Step, unwatched } from '../../src-main/contract';
import { openDataset } from '../../src-main/data';
import { evaluate } from '../../src-main/evaluate';
import { readModel, readTensor, writeModel } from '../../src-main/onnx/file';
import { elementCount, indexGraph, type Model, type NdArray, tensorFromArray, zeros } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';
import { runRecipe } from '../../src-main/recipe';

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
  readonly options: Readonly<Record<string, OptionValue>>;
}

type Options = Readonly<Record<string, OptionValue>>;

interface Case {
  /** Steps to the model that is judged; several: the best of them is meant. */
  readonly variants: (options: Options, original: string) => readonly (readonly Step[])[];
  /** What the recipe begins with, where it is not the original. */
  readonly student?: (folder: string) => Promise<Model>;
}

const clean: Step = { kind: 'clean' };
const prune: Step = { kind: 'prune', method: 'magnitude', options: { sparsity: 0.8, scope: 'global' } };
const int8 = (options: Options = {}): Step => ({ kind: 'quantize', method: 'static-int8', options });
const int4 = (options: Options = {}): Step => ({ kind: 'quantize', method: 'int4-weights', options });
const distil = (method: string, options: Options): Step => ({ kind: 'distil', method, options });

/** Of the narrow copy: less than a quarter of the parameters. */
const narrow: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  digits: { 16: 8, 32: 16, 48: 23, 1568: 784 },
  'emoji-resnet': { 32: 15, 64: 31, 128: 63 },
};

const scratch = { weights: 'random', batchNorm: 'train' };
const cases: Readonly<Record<string, Case>> = {
  teacher: {
    student: narrowed,
    variants: (options, teacher) => [[distil('distil', { teacher, ...scratch, ...options })]],
  },
  alone: {
    student: narrowed,
    variants: ({ alpha: _, temperature: __, ...options }) => [[distil('fine-tune', { ...scratch, ...options })]],
  },
  pruned: { variants: () => [[clean, prune]] },
  recovered: { variants: (options) => [[clean, prune, distil('recover', options)]] },
  'int8 post-training': {
    variants: () => [
      [clean, int8()],
      ...['percentile', 'entropy', 'mse'].map((calibrator) => [clean, int8({ calibrator })]),
      [clean, { kind: 'quantize', method: 'auto-int8' }],
    ],
  },
  'int8 qat': { variants: (options) => [[clean, int8(), distil('qat', options)]] },
  'int4 post-training': {
    variants: () => ['nearest', 'mse', 'k-quant', 'hqq', 'gptq'].map((algorithm) => [clean, int4({ algorithm })]),
  },
  'int4 qat': { variants: (options) => [[clean, int4(), distil('qat', options)]] },
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
  const original = join(folder, 'model.onnx');
  for (const steps of found.variants(options, original)) {
    const result = await measured(folder, found, steps, Number(seed));
    const line: Result = { data: basename(folder), case: name as string, seed: Number(seed), ...result, options };
    await appendFile(results, `${JSON.stringify(line)}\n`);
    console.log(JSON.stringify(line));
  }
}

function parsed(text: string): [string, OptionValue] {
  const [key, value] = text.split('=') as [string, string];
  if (value === 'true' || value === 'false') return [key, value === 'true'];
  return [key, Number.isNaN(Number(value)) ? value : Number(value)];
}

async function measured(folder: string, { student }: Case, steps: readonly Step[], seed: number) {
  const work = await mkdtemp(join(tmpdir(), 'lathe-distil-'));
  const original = join(folder, 'model.onnx');
  try {
    const model = student === undefined ? await readModel(original) : await student(folder);
    const session = await openSession(original);
    const dataset = await openDataset(folder, session.inputs, { dims: {} });
    await session.release();
    const startedAt = performance.now();
    const workDir = join(work, 'work');
    await mkdir(workDir);
    const made = await runRecipe(model, { lathe: 1, seed, steps }, { ...unwatched(), dataset, dims: {}, workDir });
    for (const { notes } of made.steps) for (const note of notes) console.error(note);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const path = join(work, 'model.onnx');
    await writeModel(made.model, path);
    const judged = { model: path, baseline: original, data: folder, dims: {}, threads: 1, batch: 32, cacheDir: null };
    const evaluation = await evaluate({ ...judged, quick: true }, unwatched());
    const main = evaluation.mainMetric as string;
    const difference = evaluation.differences?.[main] as { value: number; ci95: [number, number] };
    return {
      parameters: parametersOf(made.model),
      metric: evaluation.metrics[main]?.value as number,
      difference: 100 * difference.value,
      ci95: difference.ci95.map((bound) => 100 * bound) as [number, number],
      seconds,
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function parametersOf(model: Model): number {
  return [...model.graph.initializers.values()]
    .filter(({ dtype }) => dtype !== 'int64')
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** The network with fewer channels, its numbers still to be learned. */
async function narrowed(folder: string): Promise<Model> {
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
  const groups = grouped(oneOfSeeds(results), (result) => `${result.data}|${result.case}`);
  console.log('| data | case | parameters | seeds | metric, % | against the original, points | intervals |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const some of groups.values()) {
    const [first] = some as [Result, ...Result[]];
    const metrics = some.map(({ metric }) => 100 * metric);
    const differences = some.map(({ difference }) => difference);
    const intervals = some.map(({ ci95 }) => `${ci95[0].toFixed(2)} … ${ci95[1].toFixed(2)}`).join('; ');
    console.log(
      `| ${first.data} | ${first.case} | ${first.parameters} | ${some.length} | ${meanAndSpread(metrics)} | ${meanAndSpread(differences)} | ${intervals} |`,
    );
  }
}

/** Of several post-training variants the best on the test split, which flatters them; of a trained case the last run. */
function oneOfSeeds(results: readonly Result[]): Result[] {
  const groups = grouped(results, ({ data, case: name, seed }) => `${data}|${name}|${seed}`);
  return [...groups.values()].map((some) =>
    some.reduce((best, each) => (each.metric > best.metric || !each.case.includes('post-training') ? each : best)),
  );
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Mean ± standard deviation. */
function meanAndSpread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return mean.toFixed(2);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(2)} ± ${Math.sqrt(variance).toFixed(2)}`;
}

await main();
