/**
 * Speed of the kernels, TypeScript and native: `npm run bench:kernels`. Writes docs/bench/kernels.md.
 *
 * `--numpy PYTHON` adds numpy on the same cores for GPTQ's loop and the Cholesky factor; PYTHON is an interpreter that
 * has numpy, e.g. of a throw-away venv. `--quick` takes fewer repeats and writes nothing.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { NativeKernels } from '../../src-main/kernels/dispatch';
import * as reference from '../../src-main/kernels/reference';

type Kernels = Omit<NativeKernels, 'setThreads' | 'instructionSets' | 'setInstructionSet'>;
type Numpy = readonly [number, number] | null;

const root = process.cwd();
const quick = process.argv.includes('--quick');
const python = process.argv.includes('--numpy') ? (process.argv[process.argv.indexOf('--numpy') + 1] ?? null) : null;
const REPEATS = quick ? 3 : 9;
const patienceMs = 1500;

/** 64 MB of weights for what streams, 16 MB for what computes. */
const MANY = 1 << 24;
const FEWER = 1 << 22;

const text = execFileSync(process.execPath, [join(root, 'native', 'build.mjs')], { encoding: 'utf8' }).trim();
if (text.includes('not built')) {
  console.log(`not run: ${text}`);
  process.exit(0);
}
const compiler = /(?:with |\()(.*?)(?:\)$| in [\d.]+ s)/.exec(text)?.[1] ?? text;
const native = createRequire(join(root, 'package.json'))('./native/build/kernels.node') as NativeKernels;

const x = randomValues(MANY);
const copy = new Float32Array(MANY);
const codes = new Int8Array(MANY);
const halves = new Uint16Array(MANY);
const mask = new Uint8Array(MANY);
const wide = 4096;
const rows = MANY / wide;
const errors = new Float64Array(wide);
const extremes = new Float32Array(2);
const blocks32 = { codes: new Uint8Array(FEWER), scales: new Float32Array(FEWER / 32) };

/** Name, elements, what it does with one set of kernels, and whether TypeScript's turn is worth its time. */
const streaming: readonly [string, number, (kernels: Kernels) => unknown][] = [
  ['largest magnitude, rows', MANY, (k) => k.channelAbsMax(x, rows, wide, 0, new Float32Array(rows))],
  ['largest magnitude, columns', MANY, (k) => k.channelAbsMax(x, wide, 1, 0, new Float32Array(wide))],
  [
    'least and largest, columns',
    MANY,
    (k) => k.channelRange(x, wide, 1, 0, new Float32Array(wide), new Float32Array(wide)),
  ],
  ['**int8 per channel, rows** (range and codes)', MANY, (k) => int8(k, rows, wide, false)],
  ['**int8 per channel, columns** (range and codes)', MANY, (k) => int8(k, wide, 1, false)],
  ['int8 rows with error', MANY, (k) => int8(k, rows, wide, true)],
  ['int8 columns with error', MANY, (k) => int8(k, wide, 1, true)],
  ['int4 block 32, full range', FEWER, (k) => int4(k, 1)],
  ['**int4 block 32, 20-step clip**', FEWER, (k) => int4(k, 20)],
  ['histogram, 2048 bins on a grid', MANY, (k) => k.addToHistograms([{ histogram: histogram(2048), x, extremes }])],
  ['radix select, both passes', MANY, (k) => radix(k)],
  ['mask below a threshold', MANY, (k) => k.maskBelow(x, 0.5, 0, mask)],
  ['2:4 mask along rows', MANY, (k) => k.maskNOfM(x, wide, 1, 2, 4, mask)],
  ['2:4 mask along columns', MANY, (k) => k.maskNOfM(x, 1024, wide, 2, 4, mask)],
  ['float32 → float16', MANY, (k) => k.float32ToFloat16(x, halves)],
  ['float16 → float32', MANY, (k) => k.float16ToFloat32(halves, copy)],
];

function int8(kernels: Kernels, channels: number, inner: number, withErrors: boolean): void {
  const largest = new Float32Array(channels);
  kernels.channelAbsMax(x, channels, inner, 0, largest);
  const own = largest.map((value) => value / 127);
  const sums = withErrors ? (channels === wide ? errors : new Float64Array(channels)) : null;
  kernels.quantizeChannels(x, channels, inner, 0, own, null, -127, 127, codes, sums);
}

function int4(kernels: Kernels, steps: number): void {
  const inputs = FEWER / wide;
  kernels.quantizeBlocks(x.subarray(0, FEWER), inputs, wide, 32, 4, steps, blocks32.codes, blocks32.scales, null);
}

function histogram(bins: number): reference.GridHistogram {
  return {
    counts: new Float64Array(bins),
    scalars: Float64Array.of(0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0),
  };
}

function radix(kernels: Kernels): void {
  kernels.countMagnitudes(x, new Float64Array(1 << 15));
  kernels.countMagnitudesWithin(x, 0x3f00, new Float64Array(1 << 16));
}

/** Least processor seconds of the repeats: what one thread needs, whatever else the machine does. */
function processorSeconds(run: () => unknown, repeats = REPEATS): number {
  return least(repeats, 0, () => {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e6;
  });
}

/** Least seconds on the clock: two threads need two free cores at least once, so they try for longer. */
function clockSeconds(run: () => unknown, repeats = REPEATS): number {
  return least(repeats, quick ? 0 : patienceMs, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
}

/** Of so many measurements, and of more until `atLeastMs` have passed. */
function least(repeats: number, atLeastMs: number, measure: () => number): number {
  const until = performance.now() + atLeastMs;
  let smallest = Infinity;
  for (let i = 0; i < repeats || performance.now() < until; i++) smallest = Math.min(smallest, measure());
  return smallest;
}

const perSecond = (elements: number, seconds: number): number => (elements * 4) / seconds / 1e9;
const copySeconds = processorSeconds(() => copy.set(x), 2 * REPEATS);
const copied = perSecond(MANY, copySeconds);

const table: [string, number, number, number, number][] = [];
for (const [name, elements, run] of streaming) {
  run(native);
  native.setThreads(1);
  const one = perSecond(
    elements,
    processorSeconds(() => run(native)),
  );
  native.setThreads(2);
  const two = perSecond(
    elements,
    clockSeconds(() => run(native)),
  );
  const plain = perSecond(
    elements,
    processorSeconds(() => run(reference), name.includes('clip') ? 1 : 2),
  );
  table.push([name, plain, one, two, one / copied]);
  console.error(`${name}: TypeScript ${plain.toFixed(2)}, native ${one.toFixed(2)} and ${two.toFixed(2)} GB/s`);
}

const algebra: [string, number | null, number, number, Numpy][] = [];
for (const [inputs, outputs] of [
  [1024, 4096],
  [4096, 1024],
] as const) {
  if (quick && inputs > 1024) continue;
  const w = randomValues(inputs * outputs);
  const hessian = positiveDefinite(inputs);
  const upper = hessian.slice();
  const factor = timed((k) => {
    upper.set(hessian);
    k.inverseUpperCholesky(upper, inputs);
  }, inputs <= 1024);
  algebra.push([`inverse Cholesky factor, n = ${inputs}`, ...factor, numpy('cholesky', inputs, outputs)]);
  const loop = timed(
    (k) => {
      const groups = (inputs / 128) * outputs;
      k.gptq(w.slice(), upper, inputs, outputs, 128, 4, 1, new Uint8Array(w.length), new Float32Array(groups), null);
    },
    inputs <= 1024 && !quick,
  );
  algebra.push([`GPTQ loop, ${inputs} × ${outputs}, int4, group 128`, ...loop, numpy('gptq', inputs, outputs)]);
  console.error(
    algebra
      .slice(-2)
      .map((row) => row.map((v) => (typeof v === 'number' ? v.toFixed(3) : v)).join('  '))
      .join('\n'),
  );
}

function timed(run: (kernels: Kernels) => unknown, withTypescript: boolean): [number | null, number, number] {
  native.setThreads(1);
  const one = processorSeconds(() => run(native), Math.min(REPEATS, 5));
  native.setThreads(2);
  const two = clockSeconds(() => run(native), Math.min(REPEATS, 5));
  return [withTypescript ? processorSeconds(() => run(reference), 1) : null, one, two];
}

/** Seconds of numpy for the same work with one and two threads of its BLAS. */
function numpy(what: string, inputs: number, outputs: number): Numpy {
  if (python === null) return null;
  const script = join(root, 'test', 'bench', 'kernels_numpy.py');
  const [one, two] = [1, 2].map((threads) => {
    const env = { ...process.env, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) };
    const said = execFileSync(python, [script, what, String(inputs), String(outputs)], { env, encoding: 'utf8' });
    const { clock, processor } = JSON.parse(said) as { clock: number; processor: number };
    return threads === 1 ? processor : clock;
  });
  return [one as number, two as number];
}

function randomValues(count: number): Float32Array {
  const values = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 32 - 0.5) * 4;
  }
  return values;
}

/** I + A·Aᵀ with A [n, 32]. */
function positiveDefinite(n: number): Float64Array {
  const a = randomValues(n * 32);
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = i === j ? 8 : 0;
      for (let k = 0; k < 32; k++) sum += a[i * 32 + k]! * a[j * 32 + k]!;
      h[i * n + j] = sum;
    }
  return h;
}

const gigabytes = (value: number): string => value.toFixed(value < 0.1 ? 3 : 2);
const seconds = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
const document = `# Kernels

Made by \`npm run bench:kernels${python === null ? '' : ' -- --numpy PYTHON'}\`: GB of float32 weights a second, the best of ${REPEATS} runs or more; one thread by its processor time, two by the clock (so that figures below those of one thread mean a machine with other work); on ${cpus()[0]!.model.trim()} (${cpus().length} cores), Node ${process.versions.node}, ${compiler}, ${native.instructionSets()[0]}.
A plain memory copy of the same array (\`TypedArray.set\`, one thread) moves ${copied.toFixed(1)} GB/s.

| kernel | TypeScript | native, 1 thread | native, 2 threads | 1 thread against a copy |
|---|---|---|---|---|
${table.map(([name, plain, one, two, ratio]) => `| ${name} | ${gigabytes(plain)} | ${gigabytes(one)} | ${gigabytes(two)} | ${ratio.toFixed(2)} |`).join('\n')}

Asked for (bold): int8 per channel at ≥ 0.25 of a copy per thread; int4 with a 20-step clip search at ≥ 0.5 GB/s per thread.

Seconds, measured alike, least of 5 runs or more (numpy: least of 3, processor time with one thread):

| work | TypeScript | native, 1 thread | native, 2 threads | numpy, 1 thread | numpy, 2 threads |
|---|---|---|---|---|---|
${algebra.map(([name, plain, one, two, other]) => `| ${name} | ${seconds(plain)} | ${seconds(one)} | ${seconds(two)} | ${seconds(other?.[0] ?? null)} | ${seconds(other?.[1] ?? null)} |`).join('\n')}
${python === null ? '' : `\nnumpy ${numpyVersion(python)}: \`test/bench/kernels_numpy.py\`, the same blocked loop in float32, the factor by way of the inverse in float64.\n`}`;

function numpyVersion(interpreter: string): string {
  return execFileSync(interpreter, ['-c', 'import numpy; print(numpy.__version__)'], { encoding: 'utf8' }).trim();
}

if (quick) console.log(document);
else {
  mkdirSync(join(root, 'docs/bench'), { recursive: true });
  writeFileSync(join(root, 'docs/bench/kernels.md'), document);
  console.log('docs/bench/kernels.md written');
}
