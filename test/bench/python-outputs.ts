/**
 * @file `npm run test:python -- CORPUS --python PYTHON [--only ids] [--samples N]`: whether each variant gives in Python's onnxruntime what
 * it gives here. Every preset (trained ones apart) and every form of file that a method writes is made of the entries of a
 * built corpus; the first N test samples run here and there, on one thread. The first row of an entry is the model as it
 * came: how far the two builds of onnxruntime are apart by themselves.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, type OptionValue, type Step, unwatched } from '../../src-main/contract';
import { type Dataset, openDataset, type Split } from '../../src-main/data';
import { readModel, writeModel } from '../../src-main/onnx/file';
import type { NdArray } from '../../src-main/onnx/ir';
import { openSession, runtimeVersion } from '../../src-main/onnx/session';
import { presets, runRecipe } from '../../src-main/recipe';
import { writeNpz } from '../support/npz';

/**
 * Largest difference, as a share of the largest output. Two builds round the last bit of a float otherwise, and where that
 * bit decides how a value is rounded to an integer, all behind it moves by a step of 8 bits; several such steps add up.
 */
const limit = 0.05;

const quantize = (method: string, options: Readonly<Record<string, OptionValue>> = {}): Step[] => [
  { kind: 'quantize', method, options },
];

/** Forms that no preset writes. */
const forms: Readonly<Record<string, readonly Step[]>> = {
  'static-int8, signed': quantize('static-int8', { types: 's8s8' }),
  'static-int8, unsigned': quantize('static-int8', { types: 'u8u8' }),
  'static-int8, per-tensor': quantize('static-int8', { granularity: 'per-tensor' }),
  bf16: quantize('bf16'),
  'int8-weights': quantize('int8-weights'),
  'int4-weights, integer': quantize('int4-weights', { zeroPoints: 'integer' }),
  'int4-weights, portable': quantize('int4-weights', { form: 'dequantize-linear' }),
  'weights of 2 bits': quantize('block-weights', { bits: '2' }),
};

interface Judged {
  readonly name: string;
  /** Why it does not run there; null where it does. */
  readonly error: string | null;
  /** Samples of which each output has the same bytes. */
  readonly same: number;
  /** Over all outputs and samples, as a share of the largest element of the output. */
  readonly difference: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: 'python3' },
    only: {
      type: 'string',
      default: 'mnist-cnn,emoji-resnet,ocr-orient-v2,langid-transformer,glyph-vit,magika,silero-vad-v6',
    },
    samples: { type: 'string', default: '16' },
  },
});

const [corpus] = positionals;
if (corpus === undefined || !existsSync(corpus)) console.log('not run: give the folder of a built corpus');
else {
  const ask =
    'import onnxruntime, platform; print(f"onnxruntime {onnxruntime.__version__} of Python {platform.python_version()}")';
  const there = spawnSync(values.python, ['-c', ask], { encoding: 'utf8' }).stdout.trim();
  console.log(`Here ${runtimeVersion()} of Node ${process.versions.node}, there ${there}; ${values.samples} samples\n`);
  console.log(
    '| entry | files | runs that are the same to the bit | largest difference, of the largest output |\n|---|---|---|---|',
  );
  for (const id of values.only.split(',')) await compareEntry(id, join(corpus, id));
}

async function compareEntry(id: string, data: string): Promise<void> {
  const source = join(data, JSON.parse(readFileSync(join(data, 'meta.json'), 'utf8')).model);
  const scratch = mkdtempSync(join(tmpdir(), 'lathe-python-'));
  try {
    const dataset = await datasetOf(source, data);
    const made: { name: string; model: string; samples: string[] }[] = [];
    for (const [at, [name, steps]] of rows().entries()) {
      const folder = join(scratch, String(at));
      mkdirSync(folder);
      const model = join(folder, 'model.onnx');
      try {
        await make(source, steps, dataset, model, folder);
        made.push({ name, model, samples: await runHere(model, dataset.test as Split, folder) });
      } catch (thrown) {
        console.log(`| ${id} | ${name} | not made: ${messageOf(thrown).slice(0, 300).replaceAll('|', '/')} | |`);
      }
    }
    report(id, runThere(made, scratch));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function rows(): [name: string, steps: readonly Step[]][] {
  const untrained = presets.filter(({ recipe }) => recipe.steps.every(({ kind }) => kind !== 'distil'));
  return [
    ['as it came', []],
    ...untrained.map(({ name, recipe }) => [name, recipe.steps] as [string, Step[]]),
    ...Object.entries(forms),
  ];
}

async function datasetOf(model: string, data: string): Promise<Dataset> {
  const session = await openSession(model);
  const { inputs } = session;
  await session.release();
  return openDataset(data, inputs, { dims: {} });
}

async function make(
  source: string,
  steps: readonly Step[],
  dataset: Dataset,
  path: string,
  workDir: string,
): Promise<void> {
  const original = await readModel(source);
  const made =
    steps.length === 0
      ? original
      : (await runRecipe(original, { steps }, { ...unwatched(), dataset, dims: dataset.summary.dims, workDir })).model;
  await writeModel(made, path);
}

/** @returns files, one a sample: its feeds as `in/NAME`, what came out as `out/NAME` */
async function runHere(model: string, test: Split, folder: string): Promise<string[]> {
  const session = await openSession(model);
  const samples = Math.min(Number(values.samples), test.samples);
  const files: string[] = [];
  for (let first = 0; first < samples; first++) {
    const { feeds } = await test.read(first, 1);
    const outputs = await session.run(feeds);
    const path = join(folder, `${first}.npz`);
    writeNpz(path, { ...prefixed('in/', feeds), ...prefixed('out/', outputs) }, false);
    files.push(path);
  }
  await session.release();
  return files;
}

function prefixed(prefix: string, arrays: Readonly<Record<string, NdArray>>): Record<string, NdArray> {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [prefix + name, array]));
}

function runThere(made: readonly object[], scratch: string): Judged[] {
  const list = join(scratch, 'made.json');
  writeFileSync(list, JSON.stringify(made));
  const script = join(process.cwd(), 'test', 'bench', 'python_outputs.py');
  const { stdout, stderr, status } = spawnSync(values.python, ['-B', script, list], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${values.python}: ${stderr.trim().split('\n').at(-1)}`);
  return JSON.parse(stdout);
}

/** A row for the variants, after one for the model as it came, and a line for each that is not as here. */
function report(id: string, judged: readonly Judged[]): void {
  const [original, ...variants] = judged;
  for (const [name, group] of [
    ['as it came', original === undefined ? [] : [original]],
    [`${variants.length} variants`, variants],
  ] as const) {
    const [runs, same] = [group.length * Number(values.samples), group.reduce((sum, one) => sum + one.same, 0)];
    const worst = group.reduce((a, b) => (b.difference > a.difference ? b : a), group[0] as Judged);
    const difference = worst.difference === 0 ? '0' : `${worst.difference.toExponential(1)} (${worst.name})`;
    console.log(`| ${id} | ${name} | ${same} of ${runs} | ${difference} |`);
  }
  for (const { name, error, difference } of judged) {
    if (error === null && difference <= limit) continue;
    process.exitCode = 1;
    console.log(`| ${id} | ${name} | differs: ${error?.slice(0, 120).replaceAll('|', '/') ?? difference} | |`);
  }
}
