/**
 * @file `npm run bench:quantize -- CORPUS PYTHON [--only ids] [--samples N] [--full]`: every quantization method beside
 * onnxruntime's own quantizer on the entries of a built corpus. Each file is made in a process of its own, whose time
 * (start included) and peak memory are the process's; all are judged by Lathe's evaluation on the whole test split, in
 * turn with the original, one thread. PYTHON: an interpreter of a throw-away environment with onnx and onnxruntime.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Evaluation, resolveOptions, unwatched } from '../../src-main/contract';
import { openDataset } from '../../src-main/data';
import { evaluate } from '../../src-main/evaluate';
import { readModel, writeModel } from '../../src-main/onnx/file';
import { openSession, runtimeVersion } from '../../src-main/onnx/session';
import { quantizeStep } from '../../src-main/quantize/step';

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
const peers = ['static-min-max', 'static-products-only', 'static-percentile', 'dynamic', 'dynamic-per-channel'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    samples: { type: 'string', default: '128' },
    full: { type: 'boolean', default: false },
    make: { type: 'string' },
  },
});

if (values.make !== undefined) await makeOwn(values.make);
else await bench();

async function bench(): Promise<void> {
  const [corpus, python] = positionals;
  const script = fileURLToPath(new URL('../../../test/bench/quantize_peers.py', import.meta.url));
  const peersScript = existsSync(script) ? script : join(process.cwd(), 'test', 'bench', 'quantize_peers.py');
  if (corpus === undefined || python === undefined || !existsSync(corpus)) {
    console.log('not run: give the folder of a built corpus and a Python with onnx and onnxruntime');
    return;
  }
  const ids = (
    values.only ?? 'mnist-cnn,emoji-resnet,efflite0-emoji,ocr-orient-v2,langid-transformer,glyph-vit,minilm-l6'
  ).split(',');
  const version = spawnSync(python, ['-c', 'import onnxruntime; print(onnxruntime.__version__)'], { encoding: 'utf8' });
  console.log(
    `${cpus()[0]?.model}, ${cpus().length} cores; ${runtimeVersion()}; peers: onnxruntime ${version.stdout.trim()} quantizer; ${values.samples} calibration samples\n`,
  );
  for (const id of ids) await benchEntry(join(corpus, id), python, peersScript);
}

async function benchEntry(folder: string, python: string, script: string): Promise<void> {
  const model = join(folder, JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')).model);
  const scratch = mkdtempSync(join(tmpdir(), 'lathe-bench-'));
  console.log(`### ${basename(folder)}\n`);
  console.log(
    '| by | main metric | difference [95 %] | speed-up [95 %] | size | s | peak MB |\n|---|---|---|---|---|---|---|',
  );
  try {
    for (const name of Object.keys(own)) {
      const out = join(scratch, 'own.onnx');
      const args = [process.argv[1] as string, '--make', name, '--samples', values.samples, model, folder, out];
      await row(`Lathe ${name}`, model, folder, out, scratch, process.execPath, args);
    }
    for (const name of peers) {
      const out = join(scratch, 'peer.onnx');
      await row(`onnxruntime ${name}`, model, folder, out, scratch, python, [
        script,
        name,
        model,
        folder,
        values.samples,
        out,
      ]);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log('');
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
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0 || !existsSync(out)) {
    const reason = stderr.trim().split('\n').at(-1)?.slice(0, 120) ?? '';
    console.log(`| ${name} | not made: ${reason.replaceAll('|', '/')} | | | | | |`);
    return;
  }
  const made = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Made;
  try {
    const judged = await evaluate(
      { model: out, baseline: model, data, dims: {}, threads: 1, batch: 1, cacheDir: scratch, quick: !values.full },
      unwatched(),
    );
    console.log(
      `| ${name} | ${cells(judged).join(' | ')} | ${made.seconds.toFixed(1)} | ${Math.round(made.peakBytes / 1e6)} |`,
    );
  } catch (thrown) {
    console.log(`| ${name} | made, but: ${String(thrown).slice(0, 120).replaceAll('|', '/')} | | | | | |`);
  }
}

function cells({ mainMetric, metrics, differences, speedup, bytes }: Evaluation): string[] {
  const points = (x: number): string => (100 * x).toFixed(2);
  const main = mainMetric ?? '';
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
  const [method, given] = own[name] as (typeof own)[string];
  const spec = quantizeStep.methods.find((candidate) => candidate.name === method);
  const specs = spec?.options ?? {};
  const samples = 'samples' in specs ? { samples: Number(values.samples) } : {};
  const options = resolveOptions(specs, { ...given, ...samples }, name);
  const model = await readModel(path);
  const session = await openSession(path);
  const dataset = await openDataset(data, session.inputs, { dims: {} });
  await session.release();
  const workDir = mkdtempSync(join(tmpdir(), 'lathe-bench-work-'));
  const context = { ...unwatched(), dataset, dims: dataset.summary.dims, seed: 0, workDir, original: model };
  const outcome = await quantizeStep.run(model, method, options, {}, context);
  await writeModel(outcome.model, out);
  rmSync(workDir, { recursive: true, force: true });
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const peakBytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  console.log(JSON.stringify({ seconds: process.uptime(), peakBytes }));
}
