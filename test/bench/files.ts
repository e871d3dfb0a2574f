/**
 * @file `npm run bench:files`: large models opened, inspected, saved again and quantized, each in a process of its own, against
 * a plain copy of their files. Makes the models itself, in a temporary folder, with Lathe's own writer: 1 GB single
 * file, 2.5 GB single file, 4.8 GB with external data. `--only 1|2|3`, `--folder WHERE`, `--rounds N` (3).
 */

import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { unwatched } from '../../src-main/contract';
import { inspectModel } from '../../src-main/inspect';
import { hashModelFile, readModel, writeHashedModel, writeModel } from '../../src-main/onnx/file';
import { runRecipe } from '../../src-main/recipe';
import { decoderModel } from '../support/decoder-model';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    rounds: { type: 'string', default: '3' },
  },
});

const models = [
  { name: '1.0 GB, single file', layers: 20, width: 1024, externalData: 'never' },
  { name: '2.5 GB, single file', layers: 50, width: 1024, externalData: 'never' },
  { name: '4.8 GB, external data', layers: 24, width: 2048, externalData: 'always' },
] as const;

interface Measured {
  readonly seconds: number;
  /** Of the processor, all threads, in user and system mode. */
  readonly cpuSeconds: number;
  /** VmHWM of the process. */
  readonly peakBytes: number;
  /** Of the processor that other processes took meanwhile: a busy machine shows here. */
  readonly othersSeconds: number;
}

const tasks: Readonly<Record<string, (path: string, to: string) => Promise<unknown>>> = {
  nothing: async () => {},
  open: (path) => readModel(path),
  inspect: (path) => inspectModel(path, { dims: { batch: 1, sequence: 128 } }),
  // A save follows a copy: memory that was given back meanwhile takes a virtual machine seconds to fetch again.
  copy: async (path, to) => copyFiles(path, to),
  syncedCopy: async (path, to) => copyFiles(path, to).forEach(bringToDisk),
  roundTrip: async (path, to) => writeModel(await readModel(path), to, { externalData: placeOf(path) }),
  roundTripRecorded: async (path, to) => writeHashedModel(await readModel(path), to, { externalData: placeOf(path) }),
  quantize: async (path, to) => {
    const recipe = { lathe: 1, steps: [{ kind: 'quantize', method: 'dynamic-int8' }] };
    const { model } = await runRecipe(await readModel(path), recipe, {
      ...unwatched(),
      dims: {},
      workDir: dirname(to),
    });
    return writeHashedModel(model, to);
  },
  hash: (path) => hashModelFile(path),
};

/** As the model itself holds its weights. */
function placeOf(path: string): 'always' | 'never' {
  return existsSync(`${path}.data`) ? 'always' : 'never';
}

const [task, path, to] = positionals;
if (task !== undefined) await runTask(task, path as string, to as string);
else await bench();

async function runTask(name: string, from: string, target: string): Promise<void> {
  const busy = busySeconds();
  const start = performance.now();
  const cpu = process.cpuUsage();
  await (tasks[name] as (typeof tasks)[string])(from, target);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6;
  const othersSeconds = busySeconds() - busy - cpuSeconds;
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  console.log(JSON.stringify({ seconds, cpuSeconds, othersSeconds, peakBytes: Number(peak) * 1024 }));
}

/** Of all processors since the machine was started: user, nice, system and interrupts, in hundredths of a second. */
function busySeconds(): number {
  const [user, nice, system, , , interrupts, soft] = readFileSync('/proc/stat', 'utf8').split(/\s+/, 8).slice(1);
  return [user, nice, system, interrupts, soft].reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** Copied as the system copies. */
function copyFiles(from: string, target: string): string[] {
  const ends = ['', '.data'].filter((end) => existsSync(from + end));
  for (const end of ends) copyFileSync(from + end, target + end);
  return ends.map((end) => target + end);
}

/** As a saved model is when Lathe says so. */
function bringToDisk(file: string): void {
  const descriptor = openSync(file, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function measured(name: string, from: string, target: string): Measured {
  const result = spawnSync(process.execPath, [process.argv[1] as string, name, from, target], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${name}: ${result.stderr || result.signal}`);
  return JSON.parse(result.stdout.trim().split('\n').at(-1) as string) as Measured;
}

async function bench(): Promise<void> {
  if (process.platform !== 'linux') {
    console.log('not run: peak memory is read from /proc, which only Linux has');
    return;
  }
  const folder = mkdtempSync(join(values.folder, 'lathe-files-'));
  const rows: string[][] = [];
  try {
    for (const [index, it] of models.entries()) {
      if (values.only !== undefined && values.only !== String(index + 1)) continue;
      const from = join(folder, 'model.onnx');
      const { bytes } = await writeModel(decoderModel(it.layers, it.width), from, { externalData: it.externalData });
      rows.push([it.name, `${(bytes / 1e9).toFixed(2)} GB`, ...measureAll(from)]);
      for (const end of ['', '.data']) rmSync(from + end, { force: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const head = ['model', 'bytes', ...Object.keys(tasks), 'round trip against a copy', 'against a synced copy'];
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
}

/** The quickest of some rounds, in turn, so that a busy minute does not fall on one task alone; the largest memory. */
function measureAll(from: string): string[] {
  const best = new Map<string, Measured>();
  const target = join(dirname(from), 'copy.onnx');
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of Object.keys(tasks)) {
      const result = measured(name, from, target);
      for (const end of ['', '.data', '.data2']) rmSync(target + end, { force: true });
      const known = best.get(name) ?? result;
      const quickest = result.seconds < known.seconds ? result : known;
      best.set(name, { ...quickest, peakBytes: Math.max(known.peakBytes, result.peakBytes) });
    }
  }
  const seconds = (name: string): number => (best.get(name) as Measured).seconds;
  const ratio = (copy: string): string => (seconds('roundTrip') / seconds(copy)).toFixed(2);
  return [...[...best.values()].map(describe), ratio('copy'), ratio('syncedCopy')];
}

function describe({ seconds, cpuSeconds, othersSeconds, peakBytes }: Measured): string {
  const busy = othersSeconds > 0.1 * seconds ? `, others ${othersSeconds.toFixed(2)} s` : '';
  return `${seconds.toFixed(2)} s (cpu ${cpuSeconds.toFixed(2)} s${busy}), ${(peakBytes / 1e6).toFixed(0)} MB`;
}
