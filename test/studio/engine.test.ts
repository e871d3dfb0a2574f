import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EngineCalls, type ParamsOf, type Progress, unwatched } from '../../src-main/contract';
import { createSupervisor, forkCarrier, type Supervisor } from '../../src-main/engine/supervisor';
import { cpuInfo } from '../../src-main/onnx/session';
import { builtEngine } from '../support/built-engine';
import { sample } from '../support/studio';

let engine: Supervisor;
let folder: string;
beforeAll(async () => {
  engine = createSupervisor({ carrier: forkCarrier({ entry: await builtEngine() }) });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-engine-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => engine.close());

describe('the engine process', () => {
  it('tells versions and CPU of itself, not of its parent', async () => {
    const info = await engine.ask('engineInfo', {});
    expect(info).toMatchObject({
      cpu: cpuInfo().name,
      onnxruntime: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      host: expect.stringContaining(process.versions.node),
    });
    expect(info.pid).not.toBe(process.pid);
  });

  it('lists methods of every kind with options that have help, and presets whose recipes it accepts', async () => {
    const methods = await engine.ask('methods', {});
    expect(methods.map(({ kind }) => kind).sort()).toEqual(['clean', 'distil', 'prune', 'quantize']);
    for (const { methods: offered, defaultMethod } of methods)
      expect(offered.map(({ name }) => name)).toContain(defaultMethod);
    for (const { recipe } of await engine.ask('presets', {}))
      expect((await engine.ask('checkRecipe', { recipe })).steps).toHaveLength(recipe.steps.length);
  });
});

describe('runRecipe', () => {
  const recipe = {
    steps: [
      { kind: 'prune' as const, method: 'magnitude' },
      { kind: 'quantize' as const, method: 'fp16' },
    ],
  };

  it('leaves the model alone in its folder and gives the same bytes again', async () => {
    const told: Progress[] = [];
    const run = () =>
      engine.run(
        'runRecipe',
        { recipe, model: sample.model, data: sample.data, folder },
        { ...unwatched(), progress: (progress) => told.push(progress) },
      );
    const first = await run();
    expect(readdirSync(folder)).toEqual(['model.onnx']);
    expect(first.steps.map(({ kind, changed }) => [kind, changed > 0])).toEqual([
      ['prune', true],
      ['quantize', true],
    ]);
    expect(told.at(-1)?.fraction).toBe(1);
    expect(first.peakRssBytes).toBeGreaterThan(20e6);
    rmSync(join(folder, 'model.onnx'));
    expect((await run()).variant.sha256).toBe(first.variant.sha256);
  });

  it('leaves nothing where a step fails', async () => {
    const missing = { steps: [{ kind: 'prune' as const, targets: { include: ['no-such-node'] } }] };
    const run = engine.run('runRecipe', { recipe: missing, model: sample.model, folder }, unwatched());
    await expect(run).rejects.toMatchObject({ code: 'failed', message: expect.stringMatching(/changed nothing/) });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('exportModel', () => {
  const write = (changes: Partial<ParamsOf<EngineCalls, 'exportModel'>> = {}) =>
    engine.run('exportModel', { model: sample.model, folder, fileName: 'net.onnx', ...changes }, unwatched());

  it('checks bytes, loading and answers; random inputs where there is no data', async () => {
    const { model, checks } = await write();
    expect(readdirSync(folder)).toEqual(['net.onnx']);
    expect(model.path).toBe(join(folder, 'net.onnx'));
    expect(checks.map(({ name, passed }) => [name, passed])).toEqual([
      ['Read back from disk', true],
      ['Loads in onnxruntime', true],
      ['Answers as the variant', true],
    ]);
    expect(checks[2]?.detail).toBe('no output differs on random inputs');
  });

  it('puts weights beside the model when asked, and it runs just as before', async () => {
    const { model, checks } = await write({ externalData: 'always', data: sample.data });
    expect(readdirSync(folder)).toEqual(['net.onnx', 'net.onnx.data']);
    expect(model.externalData).toEqual(['net.onnx.data']);
    expect(checks.at(-1)).toMatchObject({ passed: true, detail: 'no output differs on 64 test samples' });
  });

  it('fails where the file does not reach what was measured before', async () => {
    const accuracy = 0.5;
    await expect(write({ data: sample.data, measured: { accuracy } })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/^net\.onnx: .*not what was measured: .*accuracy 0\.99\d+, before 0\.5/),
    });
  });
});

describe('measureMemory', () => {
  it('is of a process that did nothing else', async () => {
    const measure = () => engine.run('measureMemory', { model: sample.model, data: sample.data }, unwatched());
    const { peakRssBytes } = await measure();
    // Not the peak of this parent, which a child's usage counter would start at.
    const held = Buffer.alloc(300_000_000, 1);
    const again = await measure();
    expect(held.length).toBe(300_000_000);
    if (peakRssBytes === null || again.peakRssBytes === null) return;
    expect(Math.abs(again.peakRssBytes - peakRssBytes)).toBeLessThan(60_000_000);
  });
});
