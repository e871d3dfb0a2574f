import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import type { Dataset, Split } from '../../../src-main/data/dataset';
import { hashModel, readModel } from '../../../src-main/onnx/file';
import type { Model } from '../../../src-main/onnx/ir';
import { staticInt8 } from '../../../src-main/quantize/methods/static-int8';
import { quantizeStep } from '../../../src-main/quantize/step';
import { bundleEntry } from '../../support/bundle-entry';
import { temporaryFolder } from '../../support/folder';
import { stepContext } from '../../support/step-context';
import { openFor } from '../../support/tiny-dataset';

const folder = join(import.meta.dirname, '../../models/emoji-resnet');
let model: Model;
let dataset: Dataset;
beforeAll(async () => {
  model = await readModel(join(folder, 'model.onnx'));
  dataset = await openFor(model, folder);
});

/** The dataset with a count of the calibration samples that were read. */
function counting(given: Dataset): { dataset: Dataset; readonly reads: number } {
  const split = given.calibration as Split;
  let reads = 0;
  const calibration: Split = {
    ...split,
    read: (first, size) => {
      reads += size;
      return split.read(first, size);
    },
  };
  return {
    dataset: { ...given, calibration },
    get reads() {
      return reads;
    },
  };
}

async function quantize(options: Record<string, unknown>, cacheDir?: string) {
  const counted = counting(dataset);
  const complete = resolveOptions(staticInt8.options, options, 'test');
  const context = stepContext(model, { dataset: counted.dataset, cacheDir });
  const { model: made, notes } = await quantizeStep.run(model, 'static-int8', complete, {}, context);
  return { hash: hashModel(made), reads: counted.reads, notes: notes.join(' ') };
}

const fileIn = (cacheDir: string) => readdirSync(cacheDir).map((name) => join(cacheDir, name));

describe('the cache of statistics', () => {
  it('makes every variant without a run, and the same bytes as without it', async () => {
    const cacheDir = temporaryFolder();
    const first = await quantize({}, cacheDir);
    expect(first.reads).toBeGreaterThan(0);
    expect(first.notes).not.toContain('not run again');
    expect(first.hash).toBe((await quantize({})).hash);
    for (const options of [
      { calibrator: 'mse' },
      { calibrator: 'percentile' },
      { calibrator: 'entropy' },
      { granularity: 'per-tensor' },
      { symmetric: true },
      { biasCorrection: false },
      { rounding: 'nearest' },
    ]) {
      const derived = await quantize(options, cacheDir);
      expect(derived.reads).toBe(0);
      expect(derived.notes).toContain('the model was not run again');
      expect(derived.hash).toBe((await quantize(options)).hash);
    }
  });

  it('runs anew for other samples', async () => {
    const cacheDir = temporaryFolder();
    const options = { rounding: 'nearest', smooth: false, floatWhereLoud: false };
    await quantize({ samples: 20, ...options }, cacheDir);
    expect((await quantize({ samples: 24, ...options }, cacheDir)).reads).toBe(24);
  });

  it('goes on after a kill with what was seen before, to the same bytes', async () => {
    const cacheDir = temporaryFolder();
    const bundled = temporaryFolder();
    symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(bundled, 'node_modules'), 'junction');
    const entry = join(bundled, 'quantize-and-die.mjs');
    await bundleEntry(join(import.meta.dirname, '../../support/quantize-and-die.ts'), entry);
    const { signal } = spawnSync(process.execPath, [entry, folder, cacheDir, '20'], { stdio: 'inherit' });
    expect(signal).toBe('SIGKILL');
    const whole = await quantize({ rounding: 'nearest' });
    const resumed = await quantize({ rounding: 'nearest' }, cacheDir);
    expect(resumed.reads).toBeGreaterThanOrEqual(whole.reads - 20);
    expect(resumed.reads).toBeLessThan(whole.reads);
    expect(resumed.hash).toBe(whole.hash);
    expect(resumed.notes).toContain(`the model was not run again on ${whole.reads - resumed.reads} samples`);
    expect(whole.notes).not.toContain('interrupted');
  });

  it('takes a damaged file for none', async () => {
    const options = { samples: 16, rounding: 'nearest' };
    const whole = await quantize(options);
    for (const damage of [
      (path: string) => truncateSync(path, statSync(path).size >> 1),
      (path: string) => writeFileSync(path, 'not statistics'),
      (path: string) => writeFileSync(path, readFileSync(path).fill(0, 0, 16)),
    ]) {
      const cacheDir = temporaryFolder();
      await quantize(options, cacheDir);
      for (const path of fileIn(cacheDir)) damage(path);
      expect(await quantize(options, cacheDir)).toMatchObject({ reads: whole.reads, hash: whole.hash });
    }
  });
});
