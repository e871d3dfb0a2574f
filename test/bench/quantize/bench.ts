/**
 * @file `npm run bench:quantize -- CORPUS --peer NAME=PYTHON … [--only ids] [--rows names] [--samples N] [--full] [--low-bit] [--draws K]`:
 * every quantization method beside other tools' on the entries of a built corpus. Each file is made in a process of its
 * own, whose time (start included) and peak memory are the process's, once with and once without the pages of files that
 * are mapped; all are judged by Lathe's evaluation on the whole test split, in turn with the original, one thread. NAME: a file of `peers/` without `_peer.py`; PYTHON: an interpreter
 * of a throw-away environment that has that tool. `--rows 'static-int8;nncf mixed'` makes only those.
 * With `--draws K` each is made from K draws of N calibration samples, and a cell a draw tells its main metric.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Evaluation, resolveOptions, unwatched } from '../../../src-main/contract';
import { openDataset } from '../../../src-main/data';
import { evaluate } from '../../../src-main/evaluate';
import { readModel, writeModel } from '../../../src-main/onnx/file';
import { openSession, runtimeVersion } from '../../../src-main/onnx/session';
import { quantizeStep } from '../../../src-main/quantize/step';

interface Made {
  readonly seconds: number;
  readonly peakBytes: number;
}

const own: Readonly<Record<string, readonly [method: string, options: Record<string, unknown>]>> = {
  'static-int8': ['static-int8', {}],
  'static-int8, mse': ['static-int8', { calibrator: 'mse' }],
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
  for (const id of ids) await benchEntry(join(corpus, id), peers);
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

async function benchEntry(folder: string, peers: readonly Peer[]): Promise<void> {
  const model = join(folder, JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')).model);
  const scratch = mkdtempSync(join(tmpdir(), 'lathe-bench-'));
  console.log(`### ${basename(folder)}\n`);
  console.log(
    '| by | main metric | difference [95 %] | speed-up [95 %] | size | s | peak MB | of its own, MB |\n|---|---|---|---|---|---|---|---|',
  );
  try {
    for (const name of Object.keys(values['low-bit'] ? lowBit : own).filter(wanted)) {
      const out = join(scratch, 'own.onnx');
      const args = [process.argv[1] as string, '--make', name, '--samples', values.samples, model, folder, out];
      await row(`Lathe ${name}`, model, folder, out, scratch, process.execPath, args);
    }
    for (const { name, python } of peers) {
      const script = join(process.cwd(), 'test', 'bench', 'quantize', 'peers', `${name}_peer.py`);
      for (const method of (values['low-bit'] ? lowBitPeers : peerMethods)[name]?.filter((method) =>
        wanted(`${name} ${method}`),
      ) ?? []) {
        const out = join(scratch, 'peer.onnx');
        const args = ['-B', script, method, model, folder, values.samples, out];
        await row(`${name} ${method}`, model, folder, out, scratch, python, args);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log('');
}

function wanted(name: string): boolean {
  return values.rows === undefined || values.rows.split(';').includes(name);
}

/** Makes a file and judges it: one line of the table. */
async function row(
  name: string,
  model: string,
  data: string,
  out: string,
  scratch: string,
  command: string,
  args: readonly string[],
): Promise<void> {
  rmSync(out, { force: true });
  const { stdout, stderr, status, anonymousBytes } = await watched(command, args);
  if (status !== 0 || !existsSync(out)) {
    console.log(`| ${name} | not made: ${reasonIn(stderr)} | | | | | | |`);
    return;
  }
  try {
    const made = costOf(stdout);
    const judged = await evaluate(
      { model: out, baseline: model, data, dims: {}, threads: 1, batch: 1, cacheDir: scratch, quick: !values.full },
      unwatched(),
    );
    console.log(
      `| ${name} | ${cells(judged).join(' | ')} | ${made.seconds.toFixed(1)} | ${Math.round(made.peakBytes / 1e6)} | ${Math.round(anonymousBytes / 1e6)} |`,
    );
  } catch (thrown) {
    console.log(`| ${name} | made, but: ${String(thrown).slice(0, 120).replaceAll('|', '/')} | | | | | | |`);
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
  const outcome = await quantizeStep.run(model, method, options, {}, context);
  await writeModel(outcome.model, out);
  rmSync(workDir, { recursive: true, force: true });
  console.log(JSON.stringify({ seconds: process.uptime(), peakBytes: statusOf('self', 'VmHWM') }));
}
