/**
 * @file `node test/bench/run.mjs fuse [MODEL.onnx …]`: what `fuse` is worth beside the rewriting that onnxruntime does
 * by itself when it loads a model. Each form is opened with all of the runtime's optimisations and one thread; forms
 * are timed in turns, and the median is given. Without arguments: the transformers among the test models.
 */

import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { unwatched } from '../../src-main/contract';
import { randomFeeds } from '../../src-main/data/random-feeds';
import { symbolicDims } from '../../src-main/inspect';
import { readModel } from '../../src-main/onnx/file';
import type { Model } from '../../src-main/onnx/ir';
import { openSession, type Session } from '../../src-main/onnx/session';
import { fuse } from '../../src-main/passes';
import { cleanStep } from '../../src-main/passes/step';

const rounds = 25;
const sequence = 64;
const given = process.argv.slice(2);
const paths =
  given.length > 0
    ? given
    : ['glyph-vit', 'langid-transformer'].map((name) => join(process.cwd(), 'test', 'models', name, 'model.onnx'));

for (const path of paths) {
  const original = await readModel(path);
  const forms: Record<string, Model> = { original };
  forms.standard = await cleaned(original);
  const { model, notes } = await fuse(forms.standard, { nonStandard: true });
  forms.fused = model;
  console.log(`${basename(dirname(path))}: ${notes.slice(0, -1).join(', ')}`);
  for (const batch of [1, 8]) console.log(`  batch ${batch}: ${await timed(forms, batch)}`);
}

async function cleaned(model: Model): Promise<Model> {
  const context = { ...unwatched(), dims: {}, seed: 1, workDir: tmpdir(), original: model };
  return (await cleanStep.run(model, 'standard', {}, {}, context)).model;
}

async function timed(forms: Readonly<Record<string, Model>>, batch: number): Promise<string> {
  const original = forms.original as Model;
  const dims = Object.fromEntries(
    symbolicDims(original.graph).map((name) => [name, /batch/.test(name) ? batch : sequence]),
  );
  const feeds = randomFeeds(original, { dims, batch, seed: 1 });
  const sessions: [string, Session][] = [];
  for (const [name, model] of Object.entries(forms)) sessions.push([name, await openSession(model)]);
  const times = new Map(sessions.map(([name]): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds + 3; round++) {
    for (const [name, session] of sessions) {
      const start = performance.now();
      await session.run(feeds);
      if (round >= 3) times.get(name)?.push(performance.now() - start);
    }
  }
  for (const [, session] of sessions) await session.release();
  return [...times].map(([name, list]) => `${name} ${median(list).toFixed(2)} ms`).join(', ');
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[values.length >> 1] as number;
}
