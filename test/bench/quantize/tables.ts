/** @file The tables of the bench: makes each file in a process of its own, and judges it. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Evaluation, unwatched } from '../../../src-main/contract';
import { openDataset } from '../../../src-main/data';
import { evaluate } from '../../../src-main/evaluate';
import { fullPlan, measureLatency } from '../../../src-main/evaluate/latency';
import { runFeeds } from '../../../src-main/evaluate/run-feeds';
import { readModel, writeModel } from '../../../src-main/onnx/file';
import { openSession, runtimeVersion } from '../../../src-main/onnx/session';
import { drawSamples } from './draw';
import type { Made } from './make';
import { lowBit, own } from './own-rows';
import { statusOf } from './process-status';
import { addResult, type Judged, readResults } from './results';

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

/** With `--low-bit`. */
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
    keep: { type: 'string' },
    time: { type: 'string' },
  },
});

if (values.time !== undefined) await timeKept(values.time);
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
    for (const [at, draw] of draws.entries()) {
      const isSame = at > 0 && readsNoSamples(row);
      if (isSame || isKnown(basename(data), row, at + 1)) {
        told.push(isSame ? (told[0] as string) : 'known');
        continue;
      }
      const result = await madeAndJudged(row, model, draw, data, scratch);
      told.push(typeof result === 'string' ? result : cells(result.judged).slice(0, 2).join(': '));
      await keep(basename(data), row, at + 1, typeof result === 'string' ? result : result.judged, scratch);
    }
    console.log(`| ${[row.name, ...told].join(' | ')} |`);
  }
}

function readsNoSamples({ name }: Row): boolean {
  return / dynamic/.test(name);
}

function resultsOf(folder: string): string {
  return join(folder, 'results.jsonl');
}

function isKnown(entry: string, row: Row, draw: number): boolean {
  if (values.keep === undefined) return false;
  return readResults(resultsOf(values.keep)).some(
    (result) =>
      result.kind !== 'timed' &&
      result.entry === entry &&
      result.by === row.name &&
      (result.draw === draw || result.draw === null),
  );
}

async function keep(entry: string, row: Row, draw: number, result: string | Evaluation, scratch: string) {
  if (values.keep === undefined) return;
  const about = { entry, by: row.name, draw: readsNoSamples(row) ? null : draw };
  const folder = join(values.keep, entry);
  mkdirSync(folder, { recursive: true });
  if (typeof result === 'string') {
    addResult(resultsOf(values.keep), { kind: 'failed', ...about, reason: result });
    return;
  }
  addResult(resultsOf(values.keep), { kind: 'judged', ...about, ...figuresOf(result) });
  // Written anew: it may come with a file of weights.
  if (draw === 1) await writeModel(await readModel(join(scratch, 'made.onnx')), join(folder, `${row.name}.onnx`));
}

function figuresOf({
  mainMetric,
  metrics,
  differences,
  bytes,
}: Evaluation): Omit<Judged, 'kind' | 'entry' | 'by' | 'draw'> {
  const main = mainMetric ?? '';
  const metric = metrics[main];
  const difference = differences?.[main];
  if (metric === undefined || difference === undefined) throw new Error('was not judged beside the original');
  const { value, better } = metric;
  return { metric: main, value, difference: difference.value, ci95: difference.ci95, better, bytes };
}

/** Each kept file in turn with its original: the first sample, one thread. */
async function timeKept(folder: string): Promise<void> {
  const corpus = positionals[0] as string;
  for (const entry of values.only?.split(',') ?? readdirSync(folder)) {
    if (!existsSync(join(corpus, entry, 'meta.json'))) continue;
    const original = join(corpus, entry, JSON.parse(readFileSync(join(corpus, entry, 'meta.json'), 'utf8')).model);
    const asked = values.rows?.split(';');
    for (const file of readdirSync(join(folder, entry)).filter((name) => name.endsWith('.onnx'))) {
      const by = basename(file, '.onnx');
      if (asked !== undefined && !asked.includes(by.replace('Lathe ', ''))) continue;
      const { speedup } = await timeBeside(join(folder, entry, file), original, join(corpus, entry));
      if (speedup === null) continue;
      addResult(resultsOf(folder), { kind: 'timed', entry, by, speedup: speedup.value, ci95: speedup.ci95 });
      console.log(`${entry} ${by}: ${speedup.value.toFixed(2)} [${speedup.ci95.map((x) => x.toFixed(2)).join(', ')}]`);
    }
  }
}

async function timeBeside(path: string, original: string, data: string) {
  const own = await openSession(path, { threads: 1 });
  const baseline = await openSession(original, { threads: 1 });
  try {
    const dataset = await openDataset(data, baseline.inputs, { dims: {} });
    const { feeds } = await runFeeds(await readModel(original), dataset, { dims: {}, batch: 1 });
    const plan = values.full ? fullPlan : { ...fullPlan, mostMs: 1500 };
    return await measureLatency({ session: own, feeds }, { session: baseline, feeds }, plan, unwatched());
  } finally {
    await own.release();
    await baseline.release();
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
  // Some write a file of weights beside it, and refuse to where one is.
  for (const name of readdirSync(scratch).filter((name) => name.startsWith(basename(out)))) rmSync(join(scratch, name));
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
