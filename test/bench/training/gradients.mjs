/**
 * @file `npm run test:gradients [-- --python INTERPRETER --corpus FOLDER]`: gradients of whole models against PyTorch's own, in
 * float64: the four of the training bench, and those of a corpus folder, with which docs/bench/gradients.md is written. Without an
 * interpreter PyTorch is installed into a throw-away environment.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle, peer, pythonOrEnd, reference, run } from './peer.mjs';

/**
 * Of the length of all gradients together, both on the same side of each kink. float32 keeps 1e-6 through some hundred layers; a
 * wrong rule is off by a tenth and more.
 */
const tolerance = 1e-5;

/** Real models: rows of a batch, and whether BatchNormalization takes the statistics of the batch. */
const corpusModels = [
  { name: 'mnist-cnn', file: 'model-bn.onnx', rows: 64, batchStatistics: true },
  { name: 'emoji-resnet', file: 'model-bn.onnx', rows: 32, batchStatistics: true },
  { name: 'efflite0-emoji', file: 'model.onnx', rows: 8, batchStatistics: false },
  { name: 'langid-transformer', file: 'model.onnx', rows: 16, batchStatistics: false },
  { name: 'glyph-vit', file: 'model.onnx', rows: 32, batchStatistics: false },
  { name: 'minilm-l6', file: 'model.onnx', rows: 2, batchStatistics: false },
];

const { values } = parseArgs({ options: { python: { type: 'string' }, corpus: { type: 'string' } } });
const scratch = mkdtempSync(join(tmpdir(), 'lathe-gradients-'));
const interpreter = pythonOrEnd(scratch, values.python ?? process.env.LATHE_BENCH_PYTHON);
const table = [
  line([
    'model',
    'relative error',
    'worst tensor',
    'kinks',
    'other side',
    'error with it',
    'PyTorch float32',
    'tensors',
    'frozen',
  ]),
  line(Array(9).fill('---')),
];
let failed = 0;
try {
  const ours = await bundle('gradients');
  for (const each of [...benchCases(), ...corpusCases(values.corpus)]) {
    const file = join(scratch, `${each.name}.json`);
    writeFileSync(file, JSON.stringify(each));
    run(process.execPath, [ours, file]);
    const found = JSON.parse(run(interpreter, [reference, 'compare', file]));
    const holds = found.compared > 0 && found.alignedError < tolerance;
    if (!holds) failed++;
    table.push(rowOf(each.name, found));
    console.log(`${holds ? 'ok' : 'FAILED'} ${table.at(-1)}`);
  }
  if (values.corpus !== undefined && failed === 0) writeTable();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

/** @param {(string | number)[]} cells */
function line(cells) {
  return `| ${cells.join(' | ')} |`;
}

/** @param {string} name @param {any} found what reference.py prints */
function rowOf(name, { alignedError, worst, kinked, flipped, error, torchError, compared, frozen }) {
  const [same, most, all, torch] = [alignedError, worst, error, torchError].map((figure) => figure.toExponential(1));
  return line([name, same, most, kinked, flipped, all, torch, compared, frozen.join(', ') || 'none']);
}

function writeTable() {
  const text = [
    '# Gradients of whole models against PyTorch',
    '',
    'Made by `npm run test:gradients -- --corpus FOLDER` with torch 2.9.1: Lathe in float32 against the same ONNX graph run and',
    'differentiated by PyTorch in float64, of the mean cross-entropy of one batch, by every weight. Errors are lengths of the',
    'difference over lengths of the gradient: of all tensors together, and of the worst one.',
    '',
    'At a Relu or Clip rounding decides on which side a value within 1e-7 of the kink falls, and one such value of millions',
    'changes the gradients by a thousandth: the column *other side* counts them, and *error with it* is what they make of the',
    'error. *relative error* compares at the same sides, and must stay below 1e-5. *PyTorch float32* is what its own float32 is off',
    'from its float64, other sides included. *frozen* names constants with a gradient that Lathe does not train.',
    '',
    ...table,
    '',
  ];
  writeFileSync(fileURLToPath(new URL('../../../docs/bench/gradients.md', import.meta.url)), text.join('\n'));
}

function benchCases() {
  const cases = JSON.parse(run(interpreter, [peer, 'make', scratch]));
  return cases.map((/** @type {any} */ { name, path, inputs }) => ({
    name,
    path,
    inputs,
    output: 'logits',
    labels: 10,
    batchStatistics: true,
  }));
}

/** @param {string | undefined} folder */
function corpusCases(folder) {
  if (folder === undefined) return [];
  return corpusModels.map(({ name, file, rows, batchStatistics }) => {
    const home = join(folder, name);
    const { output } = JSON.parse(readFileSync(join(home, 'meta.json'), 'utf8'));
    const inputs = JSON.parse(run(interpreter, [reference, 'batch', home, String(rows), join(scratch, name)]));
    return { name, path: join(home, file), inputs, output, labels: 9, batchStatistics };
  });
}
