/**
 * @file `npm run bench:low-bit`: int4 to nearest against the machine's memory bandwidth, and GPTQ of a layer against
 * PyTorch on the same cores (LATHE_BENCH_PYTHON: an interpreter that has torch). Writes docs/bench/low-bit.md; `--print`
 * writes nothing.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { nativeKernels } from '../../src-main/kernels';
import { Random } from '../../src-main/kernels/random';
import { type BlockFormat, gptqBlocks, gptqFactor, roundBlocks } from '../../src-main/quantize/block-codes';

const root = process.cwd();
const python = process.env.LATHE_BENCH_PYTHON;
if (nativeKernels === null) {
  console.log('not run: the native kernels are not built (npm run build:native)');
  process.exit(0);
}
const format: BlockFormat = { bits: 4, levelBits: 4, block: 32, zeroPoints: 'integer' };

/** Least seconds on the clock. */
function seconds(run: () => unknown, repeats: number): number {
  let least = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least / 1000;
}

function normal(count: number): Float32Array {
  const random = new Random(1);
  return Float32Array.from({ length: count }, () => random.normal());
}

const [inputs, outputs] = [4096, 4096];
const w = normal(inputs * outputs);
const threads = cpus().length;

/**
 * GB a second that plain copies read and write, counted as STREAM does: every thread copies 128 MB of its own, eight times
 * the last cache of most machines, all at the same time; the best of five rounds.
 */
async function copyBandwidth(threads: number): Promise<number> {
  const copier = `
    const { parentPort, workerData } = require('node:worker_threads');
    const from = new Float32Array(1 << 25).fill(1);
    const to = new Float32Array(1 << 25).fill(2);
    const bell = new Int32Array(workerData);
    parentPort.postMessage(0);
    for (let round = 1; round <= 5; round++) {
      Atomics.wait(bell, 0, round - 1);
      const start = performance.now();
      for (let i = 0; i < 4; i++) to.set(from);
      parentPort.postMessage((4 * 2 * from.byteLength) / (performance.now() - start) / 1e6);
    }`;
  const bell = new SharedArrayBuffer(4);
  const workers = Array.from({ length: threads }, () => new Worker(copier, { eval: true, workerData: bell }));
  const answers = () =>
    Promise.all(workers.map((worker) => new Promise<number>((resolve) => worker.once('message', resolve))));
  await answers();
  let best = 0;
  for (let round = 1; round <= 5; round++) {
    const rates = answers();
    Atomics.store(new Int32Array(bell), 0, round);
    Atomics.notify(new Int32Array(bell), 0);
    best = Math.max(
      best,
      (await rates).reduce((sum, rate) => sum + rate),
    );
  }
  return best;
}

const bandwidth = { one: await copyBandwidth(1), all: await copyBandwidth(threads) };

const roundings = (['nearest', 'mse', 'k-quant', 'hqq'] as const).flatMap((search) =>
  (['none', 'integer', 'float'] as const)
    .filter((zeroPoints) => (search === 'mse' ? zeroPoints !== 'float' : search !== 'hqq' || zeroPoints === 'float'))
    .map((zeroPoints) => {
      const rate = (threads: number): number => {
        nativeKernels?.setThreads(threads);
        const least = seconds(() => roundBlocks(search)(w, inputs, outputs, { ...format, zeroPoints }), 15);
        return w.byteLength / least / 1e9;
      };
      return { name: `${search}, zero points ${zeroPoints}`, one: rate(1), all: rate(threads) };
    }),
);

const layers = [
  [576, 1536],
  [1536, 576],
  [1024, 4096],
  [4096, 1024],
] as const;
const gptq = layers.map(([inputs, outputs]) => {
  const weights = normal(inputs * outputs);
  const hessian = gramOf(inputs);
  const own = (byActivity: boolean): number =>
    seconds(() => gptqBlocks(gptqFactor(hessian.slice(), inputs, byActivity))(weights, inputs, outputs, format), 3);
  return { inputs, outputs, plain: own(false), ordered: own(true), torch: torchOf(inputs, outputs) };
});

/** A·Aᵀ + n·I with A [n, 32]: positive definite. */
function gramOf(n: number): Float64Array {
  const a = normal(n * 32);
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let sum = i === j ? n : 0;
      for (let k = 0; k < 32; k++) sum += a[i * 32 + k]! * a[j * 32 + k]!;
      h[i * n + j] = sum;
    }
  return h;
}

function torchOf(inputs: number, outputs: number): { seconds: number; version: string } | null {
  if (python === undefined) return null;
  const script = join(root, 'test', 'bench', 'gptq_torch.py');
  const args = ['-B', script, String(inputs), String(outputs), String(cpus().length)];
  return JSON.parse(execFileSync(python, args, { encoding: 'utf8' })) as { seconds: number; version: string };
}

const torch = gptq[0]?.torch ?? null;
const document = `# Weights of few bits

Made by \`npm run bench:low-bit\`${python === undefined ? '' : ' with LATHE_BENCH_PYTHON'} on ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}; all threads, least time on the clock.

## Rounding a weight of 4096 × 4096 to 4 bits in blocks of 32, packed

Asked for: nearest at a quarter of the memory bandwidth. Bandwidth is what plain copies of 128 MB, one on each thread at the
same time, read and write together, as STREAM counts it: ${bandwidth.all.toFixed(1)} GB/s on ${threads} threads, ${bandwidth.one.toFixed(1)} on one. Of the rounding only the float32 bytes
that it reads are counted, not the packed ones that it writes.

| rounding | GB/s, one thread | GB/s, ${threads} threads | of the bandwidth of ${threads} |
|---|---|---|---|
${roundings.map(({ name, one, all }) => `| ${name} | ${one.toFixed(2)} | ${all.toFixed(2)} | ${(all / bandwidth.all).toFixed(2)} |`).join('\n')}

## GPTQ of a layer: factor of H, all columns, packed; 4 bits, blocks of 32

Asked for: no slower than PyTorch on the same cores.${torch === null ? '' : ` PyTorch ${torch.version}, \`test/bench/gptq_torch.py\`.`}

| layer | s | in the order of activity, s | PyTorch, s |
|---|---|---|---|
${gptq.map(({ inputs, outputs, plain, ordered, torch }) => `| ${inputs} → ${outputs} | ${plain.toFixed(3)} | ${ordered.toFixed(3)} | ${torch?.seconds.toFixed(3) ?? '–'} |`).join('\n')}
`;

if (process.argv.includes('--print')) console.log(document);
else {
  mkdirSync(join(root, 'docs/bench'), { recursive: true });
  writeFileSync(join(root, 'docs/bench/low-bit.md'), document);
  console.log('docs/bench/low-bit.md written');
}
