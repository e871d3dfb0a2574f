/**
 * @file `npm run bench:training -- THREADS [MODEL]`: one training step of Lathe against PyTorch's, in turn, on the same graphs,
 * batches and threads. PyTorch is installed into a throw-away environment (or taken from LATHE_BENCH_PYTHON). Writes the section of that
 * number of threads into docs/bench/training.md; of one model alone its row is printed.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, peer, pythonOrEnd, run } from './peer.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const [threads = '1', only] = process.argv.slice(2);
const steps = '12';
const rounds = 3;
const scratch = mkdtempSync(join(tmpdir(), 'lathe-bench-'));

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const interpreter = pythonOrEnd(scratch, process.env.LATHE_BENCH_PYTHON);
try {
  const made = JSON.parse(run(interpreter, [peer, 'make', scratch]));
  const cases = made.filter((/** @type {any} */ { name }) => only === undefined || name === only);
  const ours = await bundle('ours');
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
    // Each run against the one beside it, so that what else the machine does weighs on both.
    const ratios = lathe.map(({ stepMs }, round) => median(stepMs) / median(torch[round].stepMs));
    rows.push({
      name,
      batch,
      ratio: median(ratios),
      spread: [Math.min(...ratios), Math.max(...ratios)],
      lathe: step(lathe),
      torch: step(torch),
      latheMb: peak(lathe) / 1e6,
      torchMb: peak(torch) / 1e6,
    });
    console.log(rows.at(-1));
  }
  const mean = Math.exp(rows.reduce((sum, row) => sum + Math.log(row.ratio), 0) / rows.length);
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  const table = [
    line([
      'model',
      'batch',
      'Lathe, ms a step',
      'PyTorch, ms a step',
      'Lathe / PyTorch',
      'least and most',
      'Lathe, peak MB',
      'PyTorch, peak MB',
    ]),
    line(Array(8).fill('---')),
    ...rows.map((row) =>
      line([
        row.name,
        row.batch,
        row.lathe.toFixed(1),
        row.torch.toFixed(1),
        row.ratio.toFixed(2),
        row.spread.map((ratio) => ratio.toFixed(2)).join('–'),
        row.latheMb.toFixed(0),
        row.torchMb.toFixed(0),
      ]),
    ),
    line(['geometric mean', '', '', '', mean.toFixed(2), '', '', '']),
  ];
  const section = [
    `Made by \`npm run bench:training -- ${threads}\` on ${cpus()[0]?.model}; torch 2.9.1. Load of the machine at the end:`,
    `${loadavg()[0]?.toFixed(1)} on ${cpus().length} CPUs.`,
    '',
    ...table,
    '',
  ];
  if (only === undefined) writeSection(section);
  console.log(table.join('\n'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** In the place of what was measured before with as many threads; the other sections stay. @param {string[]} lines */
function writeSection(lines) {
  const target = join(root, 'docs', 'bench', 'training.md');
  const [head = '', ...sections] = readFileSync(target, 'utf8').split(/^(?=## )/m);
  const heading = `## ${threads} thread${threads === '1' ? '' : 's'}`;
  const others = sections.filter((section) => !section.startsWith(`${heading}\n`));
  const all = [...others.map((section) => section.trimEnd()), [heading, '', ...lines].join('\n').trimEnd()];
  writeFileSync(target, `${[head.trimEnd(), ...all.toSorted()].join('\n\n')}\n`);
}
