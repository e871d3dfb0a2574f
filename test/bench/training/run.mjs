/**
 * @file `npm run bench:training`: one training step of Lathe against PyTorch's, in turn, on the same graphs, batches and
 * threads. PyTorch is installed into a throw-away environment (or taken from LATHE_BENCH_PYTHON). Writes
 * docs/bench/training.md.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const threads = process.argv[2] ?? '1';
const steps = '12';
const rounds = 3;
const scratch = mkdtempSync(join(tmpdir(), 'lathe-bench-'));

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr.slice(-4000)}`);
  return stdout;
}

function python() {
  const given = process.env.LATHE_BENCH_PYTHON;
  if (given !== undefined) return given;
  const folder = join(scratch, 'python');
  run('python3', ['-m', 'venv', folder]);
  const binary = join(folder, 'bin', 'python');
  run(binary, ['-m', 'pip', 'install', '-q', 'torch==2.9.1', 'numpy==2.4.6', 'onnx==1.23.2']);
  return binary;
}

async function bundle() {
  const made = await rolldown({
    input: join(here, 'ours.ts'),
    platform: 'node',
    external: [/^node:/, ...builtinModules, 'onnxruntime-node', 'sharp'],
  });
  // Beside the sources, so that the packages are found.
  const folder = join(root, 'out', 'bench');
  mkdirSync(folder, { recursive: true });
  await made.write({ file: join(folder, 'training.mjs'), format: 'esm', inlineDynamicImports: true });
  await made.close();
  return join(folder, 'training.mjs');
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

let interpreter;
try {
  interpreter = python();
} catch (problem) {
  console.log(`not run: ${/** @type {Error} */ (problem).message.split('\n')[0]}`);
  process.exit(0);
}
try {
  const peer = join(here, 'peer.py');
  const cases = JSON.parse(run(interpreter, [peer, 'make', scratch]));
  const ours = await bundle();
  const rows = [];
  for (const { name, path, batch, shape, parameters } of cases) {
    const [lathe, torch] = [/** @type {any[]} */ ([]), /** @type {any[]} */ ([])];
    for (let round = 0; round < rounds; round++) {
      torch.push(JSON.parse(run(interpreter, [peer, 'time', name, threads, steps])));
      const own = JSON.parse(run(process.execPath, [ours, path, JSON.stringify(shape), threads, steps]));
      if (own.parameters !== parameters)
        throw new Error(`${name}: Lathe trains ${own.parameters} parameters, PyTorch ${parameters}`);
      lathe.push(own);
    }
    const step = (/** @type {any[]} */ runs) => median(runs.map(({ stepMs }) => median(stepMs)));
    const peak = (/** @type {any[]} */ runs) => median(runs.map(({ peakRssBytes }) => peakRssBytes));
    rows.push({
      name,
      batch,
      lathe: step(lathe),
      torch: step(torch),
      latheMb: peak(lathe) / 1e6,
      torchMb: peak(torch) / 1e6,
    });
    console.log(rows.at(-1));
  }
  const mean = Math.exp(rows.reduce((sum, row) => sum + Math.log(row.lathe / row.torch), 0) / rows.length);
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  const table = [
    line([
      'model',
      'batch',
      'Lathe, ms a step',
      'PyTorch, ms a step',
      'Lathe / PyTorch',
      'Lathe, peak MB',
      'PyTorch, peak MB',
    ]),
    line(Array(7).fill('---')),
    ...rows.map((row) =>
      line([
        row.name,
        row.batch,
        row.lathe.toFixed(1),
        row.torch.toFixed(1),
        (row.lathe / row.torch).toFixed(2),
        row.latheMb.toFixed(0),
        row.torchMb.toFixed(0),
      ]),
    ),
    line(['geometric mean', '', '', '', mean.toFixed(2), '', '']),
  ];
  const text = [
    '# Training step against PyTorch',
    '',
    `Made by \`npm run bench:training -- ${threads}\` on ${cpus()[0]?.model}, ${threads} thread(s); torch 2.9.1. Forward, backward, clipping and AdamW;`,
    `BatchNormalization with the statistics of the batch. Medians of ${steps} steps, ${rounds} runs of each taken in turn.`,
    '',
    ...table,
    '',
  ];
  const target = join(root, 'docs', 'bench');
  if (!existsSync(target)) mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'training.md'), text.join('\n'));
  console.log(table.join('\n'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
