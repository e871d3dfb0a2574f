/**
 * @file `npm run bench:files`: large models opened, inspected, saved again and quantized, each in a process of its own, against
 * a plain copy of their files. Makes the models itself, in a temporary folder, with Lathe's own writer: 1 GB single
 * file, 2.5 GB single file, 4.8 GB with external data. `--only 1|2|3`, `--folder WHERE`, `--rounds N` (3).
 */

import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { unwatched } from '../../src-main/contract';
import { inspectModel } from '../../src-main/inspect';
import { hashModelFile, readModel, writeModel } from '../../src-main/onnx/file';
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
}

const tasks: Readonly<Record<string, (path: string, to: string) => Promise<unknown>>> = {
  nothing: async () => {},
  open: (path) => readModel(path),
  inspect: (path) => inspectModel(path, { dims: { batch: 1, sequence: 128 } }),
  roundTrip: async (path, to) => {
    const { externalData } = await hashlessFile(path);
    return writeModel(await readModel(path), to, { externalData: externalData ? 'always' : 'never' });
  },
  quantize: async (path, to) => {
    const recipe = { lathe: 1, steps: [{ kind: 'quantize', method: 'dynamic-int8' }] };
    const { model } = await runRecipe(await readModel(path), recipe, {
      ...unwatched(),
      dims: {},
      workDir: dirname(to),
    });
    return writeModel(model, to);
  },
  hash: (path) => hashModelFile(path),
};

const [task, path, to] = positionals;
if (task !== undefined) await runTask(task, path as string, to as string);
else await bench();

async function runTask(name: string, from: string, target: string): Promise<void> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  await (tasks[name] as (typeof tasks)[string])(from, target);
  const seconds = (performance.now() - start) / 1000;
  const cpuSeconds = cpuSecondsSince(cpu);
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  console.log(JSON.stringify({ seconds, cpuSeconds, peakBytes: Number(peak) * 1024 }));
}

async function hashlessFile(path: string): Promise<{ externalData: boolean }> {
  return { externalData: statSync(`${path}.data`, { throwIfNoEntry: false }) !== undefined };
}

function measured(name: string, from: string, target = ''): Measured {
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
      rows.push([it.name, ...measureAll(from, bytes)]);
      for (const end of ['', '.data']) rmSync(from + end, { force: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const head = ['model', 'bytes', 'open', 'inspect', 'plain copy', 'round trip', 'ratio', 'hash', 'dynamic int8'];
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
  console.log(`an empty process of Node: ${megabytes(measured('nothing', '').peakBytes)}`);
}

/** The best of some rounds, in turn, so that a busy minute does not fall on one task alone. */
function measureAll(from: string, bytes: number): string[] {
  const best = new Map<string, Measured>();
  const keep = (name: string, result: Measured) => {
    const known = best.get(name);
    const peakBytes = Math.max(known?.peakBytes ?? 0, result.peakBytes);
    const least = (key: 'seconds' | 'cpuSeconds') => Math.min(known?.[key] ?? Number.POSITIVE_INFINITY, result[key]);
    best.set(name, { seconds: least('seconds'), cpuSeconds: least('cpuSeconds'), peakBytes });
  };
  const target = join(dirname(from), 'copy.onnx');
  const remove = () => {
    for (const end of ['', '.data', '.data2']) rmSync(target + end, { force: true });
  };
  for (let round = 0; round < Number(values.rounds); round++) {
    keep('open', measured('open', from));
    keep('inspect', measured('inspect', from));
    keep('copy', plainCopy(from, target));
    remove();
    keep('roundTrip', measured('roundTrip', from, target));
    remove();
  }
  keep('hash', measured('hash', from));
  keep('quantize', measured('quantize', from, target));
  remove();
  const text = (name: string) => {
    const { seconds, cpuSeconds, peakBytes } = best.get(name) as Measured;
    const peak = peakBytes === 0 ? '' : `, ${megabytes(peakBytes)}`;
    return `${seconds.toFixed(2)} s (cpu ${cpuSeconds.toFixed(2)} s)${peak}`;
  };
  const [copy, roundTrip] = [best.get('copy')?.seconds as number, best.get('roundTrip')?.seconds as number];
  return [
    String(bytes),
    text('open'),
    text('inspect'),
    text('copy'),
    text('roundTrip'),
    (roundTrip / copy).toFixed(2),
    text('hash'),
    text('quantize'),
  ];
}

/** Copied as the system copies, and on disk when it is done, as a saved model is. */
function plainCopy(from: string, target: string): Measured {
  const start = performance.now();
  const cpu = process.cpuUsage();
  for (const end of ['', '.data']) {
    if (statSync(from + end, { throwIfNoEntry: false }) === undefined) continue;
    copyFileSync(from + end, target + end);
    const descriptor = openSync(target + end, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: cpuSecondsSince(cpu), peakBytes: 0 };
}

function cpuSecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
