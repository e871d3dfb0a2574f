/**
 * @file `npm run bench:quantize -- CORPUS --peer NAME=PYTHON … [--only ids] [--rows names] [--samples N] [--full] [--low-bit] [--draws K]`:
 * every quantization method beside other tools' on the entries of a built corpus. Each file is made in a process of its
 * own, whose time (start included) and peak memory are the process's, once with and once without the pages of files that
 * are mapped; all are judged by Lathe's evaluation on the whole test split, in turn with the original, one thread. NAME:
 * a file of `peers/` without `_peer.py`; PYTHON: an interpreter of a throw-away environment with that tool. `--rows 'static-int8;nncf mixed'` makes only those.
 * With `--draws K` each is made from K draws of N calibration samples, and a cell a draw tells its main metric.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Evaluation, resolveOptions, unwatched } from '../../../src-main/contract';
import { openDataset } from '../../../src-main/data';
import { evaluate } from '../../../src-main/evaluate';
import { readModel, writeModel } from '../../../src-main/onnx/file';
import { openSession, runtimeVersion } from '../../../src-main/onnx/session';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import type { QuantizeContext } from '../../../src-main/quantize/method';
import { quantizeStep } from '../../../src-main/quantize/step';
import { drawSamples } from './draw';

interface Made {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** No method: the samples run through the model as it is, which is what calibration is held against. */
const own: Readonly<Record<string, readonly [method: string | null, options: Record<string, unknown>]>> = {
  'static-int8': ['static-int8', {}],
  'static-int8, mse': ['static-int8', { calibrator: 'mse' }],
  'static-int8, percentile': ['static-int8', { calibrator: 'percentile' }],
  'static-int8, entropy': ['static-int8', { calibrator: 'entropy' }],
  'one plain pass': [null, {}],
  'auto-int8': ['auto-int8', {}],
  'dynamic-int8': ['dynamic-int8', {}],
};

/** What each tool's script is asked for. */
const peerMethods: Readonly<Record<string, readonly string[]>> = {
  onnxruntime: [
    'static-min-max',
    'static-products-only',
    'static-percentile',
    'static-entropy',
    'dynamic',
    'dynamic-per-channel',
  ],
  nncf: ['mixed', 'mixed-transformer', 'mixed-accurate'],
  neural_compressor: ['static', 'smoothquant'],
  quark: ['u8s8-cle', 'per-channel-cle', 'per-channel-cle-adaround'],
};

/** With `--low-bit`: for models made of matrix products. */
const lowBit: typeof own = {
  'int4-weights': ['int4-weights', {}],
  'int4-weights, k-quant': ['int4-weights', { algorithm: 'k-quant' }],
  'int4-weights, nearest': ['int4-weights', { algorithm: 'nearest' }],
  'int4-weights, HQQ': ['int4-weights', { algorithm: 'hqq' }],
  'int4-weights, integer, nearest': ['int4-weights', { zeroPoints: 'integer', algorithm: 'nearest' }],
  'int4-weights, integer, k-quant': ['int4-weights', { zeroPoints: 'integer', algorithm: 'k-quant' }],
  'int4-weights, integer, GPTQ': ['int4-weights', { zeroPoints: 'integer', algorithm: 'gptq' }],
  'int4-weights, integer, GPTQ in the order of inputs': [
    'int4-weights',
    { zeroPoints: 'integer', algorithm: 'gptq', actOrder: false },
  ],
  'int4-weights, integer, AWQ': ['int4-weights', { zeroPoints: 'integer', algorithm: 'awq' }],
  'int4 and int8, integer, GPTQ, 5 bits': [
    'int4-weights',
    { zeroPoints: 'integer', algorithm: 'gptq', mix: 'bits', meanBits: 5 },
  ],
  'int4 and int8, integer, GPTQ, 6 bits': [
    'int4-weights',
    { zeroPoints: 'integer', algorithm: 'gptq', mix: 'bits', meanBits: 6 },
  ],
  'int4-weights, portable': ['int4-weights', { form: 'dequantize-linear' }],
  'int4 and int8, 25 dB': ['int4-weights', { mix: 'error', fidelity: 25 }],
  'int8-weights': ['int8-weights', {}],
};
const lowBitPeers: typeof peerMethods = { onnxruntime: ['int4-32', 'int4-128', 'int4-k-quant', 'dynamic-per-channel'] };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string', multiple: true, default: [] },
    only: { type: 'string' },
    rows: { type: 'string' },
    samples: { type: 'string', default: '128' },
    full: { type: 'boolean', default: false },
    'low-bit': { type: 'boolean', default: false },
    draws: { type: 'string' },
    make: { type: 'string' },
  },
});

if (values.make !== undefined) await makeOwn(values.make);
else await bench();

async function bench(): Promise<void> {
  const [corpus] = positionals;
  if (corpus === undefined || !existsSync(corpus)) {
    console.log('not run: give the folder of a built corpus');
    return;
  }
  const peers = values.peer.map(parsePeer);
  const ids = (
    values.only ?? 'mnist-cnn,emoji-resnet,efflite0-emoji,ocr-orient-v2,langid-transformer,glyph-vit,minilm-l6'
  ).split(',');
  const versions = peers.map(({ name, version }) => `${name} ${version}`).join(', ');
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores; ${runtimeVersion()}; peers: ${versions}; ${values.samples} calibration samples\n`,
  );
  for (const id of ids) await benchEntry(join(corpus, id), rowsOf(peers));
}

interface Peer {
  readonly name: string;
  readonly python: string;
  readonly version: string;
}

/** `NAME=PYTHON`, with the version of the tool that this interpreter has. */
function parsePeer(given: string): Peer {
  const [name = '', python = ''] = given.split('=');
  if (!(name in peerMethods)) throw new Error(`--peer ${given}: known are ${Object.keys(peerMethods).join(', ')}`);
  const distribution = { neural_compressor: 'onnx-neural-compressor', quark: 'amd-quark' }[name] ?? name;
  const ask = `import importlib.metadata as m; print(m.version("${distribution}"))`;
  return { name, python, version: spawnSync(python, ['-c', ask], { encoding: 'utf8' }).stdout.trim() };
}

/** A file to make: by whom, and the command that makes it from a folder of data. */
interface Row {
  readonly name: string;
  readonly command: string;
  args(model: string, data: string, out: string): readonly string[];
}

function rowsOf(peers: readonly Peer[]): Row[] {
  const methodsOf = (values['low-bit'] ? lowBitPeers : peerMethods) as Readonly<Record<string, readonly string[]>>;
  const ours = Object.keys(values['low-bit'] ? lowBit : own).map((name) => ({
    name: `Lathe ${name}`,
    command: process.execPath,
    args: (...files: readonly string[]) => [
      process.argv[1] as string,
      '--make',
      name,
      '--samples',
      values.samples,
      ...files,
    ],
  }));
  const theirs = peers.flatMap(({ name, python }) =>
    (methodsOf[name] ?? []).map((method) => ({
      name: `${name} ${method}`,
      command: python,
      args: (model: string, data: string, out: string) => {
        const script = join(process.cwd(), 'test', 'bench', 'quantize', 'peers', `${name}_peer.py`);
        return ['-B', script, method, model, data, values.samples, out];
      },
    })),
  );
  const asked = values.rows?.split(';');
  return [...ours, ...theirs].filter(({ name }) => asked?.includes(name.replace('Lathe ', '')) ?? true);
}

async function benchEntry(folder: string, rows: readonly Row[]): Promise<void> {
  const model = join(folder, JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')).model);
  const scratch = mkdtempSync(join(tmpdir(), 'lathe-bench-'));
  console.log(`### ${basename(folder)}\n`);
  try {
    await (values.draws === undefined ? fullTable : drawsTable)(model, folder, rows, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log('');
}

async function fullTable(model: string, data: string, rows: readonly Row[], scratch: string): Promise<void> {
  const titles = [
    'by',
    'main metric',
    'difference [95 %]',
    'speed-up [95 %]',
    'size',
    's',
    'peak MB',
    'of its own, MB',
  ];
  console.log(`| ${titles.join(' | ')} |\n|${'---|'.repeat(titles.length)}`);
  for (const row of rows) {
    const result = await madeAndJudged(row, model, data, data, scratch);
    const told =
      typeof result === 'string'
        ? [result, ...new Array(titles.length - 2).fill('')]
        : [
            ...cells(result.judged),
            result.made.seconds.toFixed(1),
            Math.round(result.made.peakBytes / 1e6),
            Math.round(result.anonymousBytes / 1e6),
          ];
    console.log(`| ${[row.name, ...told].join(' | ')} |`);
  }
}

/** Main metric and difference in each draw. */
async function drawsTable(model: string, data: string, rows: readonly Row[], scratch: string): Promise<void> {
  const draws = [...new Array(Number(values.draws)).keys()].map((at) => join(scratch, `draw-${at + 1}`));
  for (const [at, draw] of draws.entries()) await drawSamples(data, at + 1, Number(values.samples), draw);
  console.log(`| by |${draws.map((_, at) => ` draw ${at + 1} |`).join('')}\n|---|${'---|'.repeat(draws.length)}`);
  for (const row of rows) {
    const told: string[] = [];
    for (const draw of draws) {
      const result = await madeAndJudged(row, model, draw, data, scratch);
      told.push(typeof result === 'string' ? result : cells(result.judged).slice(0, 2).join(': '));
    }
    console.log(`| ${[row.name, ...told].join(' | ')} |`);
  }
}

/** @returns why there is none, where it could not be made or judged */
async function madeAndJudged(
  { command, args }: Row,
  model: string,
  calibration: string,
  data: string,
  scratch: string,
): Promise<string | { judged: Evaluation; made: Made; anonymousBytes: number }> {
  const out = join(scratch, 'made.onnx');
  rmSync(out, { force: true });
  const { stdout, stderr, status, anonymousBytes } = await watched(command, args(model, calibration, out));
  if (status !== 0 || !existsSync(out)) return `not made: ${reasonIn(stderr)}`;
  try {
    const made = costOf(stdout);
    const asked = { model: out, baseline: model, data, dims: {}, threads: 1, batch: 1, cacheDir: scratch };
    return { judged: await evaluate({ ...asked, quick: !values.full }, unwatched()), made, anonymousBytes };
  } catch (thrown) {
    return `made, but: ${String(thrown).slice(0, 120).replaceAll('|', '/')}`;
  }
}

/** Runs a command, and looks every 20 ms how much memory it holds beside the pages of files (RssAnon; Linux alone). */
async function watched(command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, anonymousBytes] = ['', '', 0];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const watch = setInterval(() => {
    anonymousBytes = Math.max(anonymousBytes, statusOf(child.pid, 'RssAnon'));
  }, 20);
  const [status] = (await once(child, 'close')) as [number | null];
  clearInterval(watch);
  return { stdout, stderr, status, anonymousBytes };
}

/** A field of the kernel's page on a process, in bytes; 0 where there is none. */
function statusOf(process: number | 'self' | undefined, field: string): number {
  try {
    const page = readFileSync(`/proc/${process}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(page)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The line that names an error, which some runtimes print others behind; else the last. */
function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n');
  const line = lines.findLast((text) => /^\S*(Error|Exception|Fail)\b.*: /.test(text)) ?? lines.at(-1) ?? '';
  return line.slice(0, 160).replaceAll('|', '/');
}

/** The line of JSON that each script ends with; some tools draw progress bars around it. */
function costOf(stdout: string): Made {
  const line = stdout.split(/[\r\n]+/).findLast((text) => text.startsWith('{"seconds"'));
  if (line === undefined) throw new Error('did not tell what it cost');
  return JSON.parse(line) as Made;
}

function cells({ mainMetric, metrics, differences, speedup, bytes }: Evaluation): string[] {
  const main = mainMetric ?? '';
  const scale = metrics[main]?.unit === 'share' ? 100 : 1;
  const points = (x: number): string => (scale * x).toFixed(2);
  const difference = differences?.[main];
  return [
    `${main} ${points(metrics[main]?.value ?? Number.NaN)}`,
    difference === undefined ? '–' : `${points(difference.value)} [${difference.ci95.map(points).join(', ')}]`,
    speedup === null ? '–' : `${speedup.value.toFixed(2)} [${speedup.ci95.map((x) => x.toFixed(2)).join(', ')}]`,
    `${(bytes / 1e6).toFixed(2)} MB`,
  ];
}

/** In a process of its own. */
async function makeOwn(name: string): Promise<void> {
  const [path, data, out] = positionals as [string, string, string];
  const [method, given] = { ...own, ...lowBit }[name] as (typeof own)[string];
  const spec = quantizeStep.methods.find((candidate) => candidate.name === method);
  const specs = spec?.options ?? {};
  const samples = 'samples' in specs ? { samples: Number(values.samples) } : {};
  const options = resolveOptions(specs, { ...given, ...samples }, name);
  const model = await readModel(path);
  const session = await openSession(model, { optimization: 'disabled', prepacking: false });
  const dataset = await openDataset(data, session.inputs, { dims: {} });
  await session.release();
  const workDir = mkdtempSync(join(tmpdir(), 'lathe-bench-work-'));
  const context = { ...unwatched(), dataset, dims: dataset.summary.dims, seed: 0, workDir, original: model };
  if (method === null) await plainPass(context);
  const made = method === null ? model : (await quantizeStep.run(model, method, options, {}, context)).model;
  await writeModel(made, out);
  rmSync(workDir, { recursive: true, force: true });
  console.log(JSON.stringify({ seconds: process.uptime(), peakBytes: statusOf('self', 'VmHWM') }));
}

/** Runs the samples through the original, as calibration runs it. */
async function plainPass(context: QuantizeContext): Promise<void> {
  const options = { background: true, threads: availableParallelism() };
  const session = await openSession(context.original, options);
  const data = calibrationData(context, 'plain pass', Number(values.samples));
  for await (const { feeds } of data.batches()) await session.run(feeds);
  await session.release();
}
