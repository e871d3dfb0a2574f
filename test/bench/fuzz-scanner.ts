/**
 * @file `npm run fuzz`: damaged model files by the million. Each must end in a model or in one LatheError, in bounded
 * time and memory; what opens must survive being saved, and one of every `--deep N` (50) that open goes through what comes
 * after: types, costs and warnings, and the whole clean-up. `--cases N` (1,000,000) from `--first K` (0), `--seed S` (1);
 * case K of seed S is always the same file. Where the runtime takes the process with it, that file is left in the folder
 * that is named first.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../src-main/kernels/random';
import { mutated, tryToOpen, wholeModels } from '../support/mutations';
import { type Stage, stageNames, understandDamaged } from '../support/understand-damaged';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    first: { type: 'string', default: '0' },
    deep: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
});
const cases = Number(values.cases);
const first = Number(values.first);
const deep = Number(values.deep);
const seed = Number(values.seed);
/** A damaged file has at most some 100 KB. Time of the processor, since the machine may be busy. */
const limits = { milliseconds: 1000, rssBytes: 768 * 2 ** 20 };

const wholes = wholeModels(process.cwd());
const messages = new Map<string, number>();
const folder = mkdtempSync(join(tmpdir(), 'lathe-fuzz-'));
console.error(`deep cases go through ${folder}`);
const ended = Object.fromEntries(stageNames.map((stage) => [stage, 0])) as Record<Stage, number>;
let models = 0;
let deepCases = 0;
let slowestDeep = 0;
let slowest = 0;
let largestRss = 0;
const start = performance.now();
for (let number = first; number < first + cases; number++) {
  const bytes = mutated(wholes, new Random(seed * 0x1000_0000 + number));
  const began = process.cpuUsage();
  try {
    const message = tryToOpen(bytes);
    if (message !== null) count(message);
    else if (models++ % deep === 0) {
      slowest = Math.max(slowest, since(began));
      await understand(bytes);
      continue;
    }
  } catch (error) {
    fail(number, bytes, error);
  }
  const took = since(began);
  slowest = Math.max(slowest, took);
  if (took > limits.milliseconds) fail(number, bytes, new Error(`took ${took.toFixed(0)} ms`));
  if (number % 1000 === 0) {
    largestRss = Math.max(largestRss, process.memoryUsage.rss());
    if (largestRss > limits.rssBytes) fail(number, bytes, new Error(`the process has ${largestRss} bytes`));
  }
}

rmSync(folder, { recursive: true });
console.log(
  `${cases} damaged files of seed ${seed}: ${models} open as models, ${cases - models} end in one error, 0 in anything else`,
);
console.log(
  `slowest ${slowest.toFixed(0)} ms; largest memory ${(largestRss / 2 ** 20).toFixed(0)} MB; ${((performance.now() - start) / 1000).toFixed(0)} s`,
);
const stages = stageNames.map((stage) => `${ended[stage]} ${stage}`).join(', ');
console.log(`of ${deepCases} models: ${stages}, the others one error each; slowest ${slowestDeep.toFixed(0)} ms`);
for (const [message, times] of [...messages].sort(([, a], [, b]) => b - a))
  console.log(`${String(times).padStart(9)}  ${message}`);

/** Milliseconds of the processor. */
function since(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

async function understand(bytes: Uint8Array): Promise<void> {
  const began = process.cpuUsage();
  const well = await understandDamaged(bytes, folder);
  deepCases++;
  for (const stage of stageNames) if (well[stage]) ended[stage]++;
  slowestDeep = Math.max(slowestDeep, since(began));
}

/** Messages without their names and numbers. */
function count(message: string): void {
  const kind = message
    .replace(/"(?:[^"]|\n)*?"/g, '"…"')
    .replace(/\d+/g, '#')
    .replace(/ in [a-z_.]+\)/g, ')')
    .slice(0, 110);
  if (messages.has(kind) || messages.size < 60) messages.set(kind, (messages.get(kind) ?? 0) + 1);
}

function fail(number: number, bytes: Uint8Array, error: unknown): never {
  const path = join(tmpdir(), `fuzz-${seed}-${number}.onnx`);
  writeFileSync(path, bytes);
  console.error(`case ${number} of seed ${seed}, kept as ${path}:`, error);
  process.exit(1);
}
