import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Recipe, reportSchema } from '../../src-main/contract';
import { sample, startStudio, type TestStudio } from '../support/studio';

const half = { kind: 'quantize', method: 'fp16' } as const;
const prune = { kind: 'prune', method: 'magnitude', options: { sparsity: 0.5 } } as const;
const recipes: Recipe[] = [{ steps: [half] }, { name: 'Half the weights', steps: [prune] }];

describe('the main job', () => {
  let own: TestStudio;
  let project: string;
  const state = () => own.client.call('openProject', { project });
  beforeAll(async () => {
    own = await startStudio();
  });
  afterAll(() => own.close());

  it('opens a model as a project and its data', async () => {
    const created = await own.client.call('createProject', { model: sample.model });
    project = created.path;
    expect(created).toMatchObject({ name: 'digits', model: { path: sample.model, state: 'ok' }, variants: [] });
    expect(created.report?.nodes).toBeGreaterThan(0);
    const withData = await own.client.call('setData', { project, data: sample.data });
    expect(withData.data).toMatchObject({ reader: 'npz-folder', labels: true });
    await expect(own.client.call('setData', { project, data: own.folder })).rejects.toMatchObject({ code: 'input' });
    expect((await state()).dataPath).toBe(sample.data);
  });

  it('measures the original, memory of a fresh process included', async () => {
    const { job } = await own.client.call('measureBaseline', { project });
    const fractions: number[] = [];
    const ended = await own.finish(project, job, ({ fraction }) => fractions.push(fraction ?? -1));
    expect(ended).toMatchObject({ state: 'done', error: null });
    expect(fractions.every((fraction, at) => at === 0 || fraction >= (fractions[at - 1] as number))).toBe(true);
    const { baseline } = await state();
    expect(baseline?.metrics.accuracy?.value).toBeGreaterThan(0.9);
    expect(baseline?.latencyMs.p50).toBeGreaterThan(0);
    expect(baseline?.peakRssBytes).toBeGreaterThan(20e6);
  });

  it('makes variants one after the other and measures each beside the original', async () => {
    const jobs = await Promise.all(recipes.map((recipe) => own.client.call('makeVariant', { project, recipe })));
    const ended = await Promise.all(jobs.map(({ job }) => own.finish(project, job)));
    expect(ended.map((job) => [job.state, job.error])).toEqual(ended.map(() => ['done', null]));
    for (const [at, job] of ended.entries())
      if (at > 0)
        expect(Date.parse(job.startedAt as string)).toBeGreaterThanOrEqual(
          Date.parse(ended[at - 1]?.endedAt as string),
        );
    const { variants } = await state();
    expect(variants.map(({ variant }) => variant.name)).toEqual(['fp16', 'Half the weights']);
    for (const { variant, evaluation } of variants) {
      expect(statSync(join(project, 'variants', variant.id, 'model.onnx')).size).toBe(variant.model.bytes);
      expect(evaluation).toMatchObject({ baselineLatencyMs: { p50: expect.any(Number) }, samples: expect.any(Number) });
      expect(evaluation?.differences?.accuracy).toBeDefined();
    }
    expect(readdirSync(join(project, 'jobs'))).toEqual([]);
  });

  it('does not make the same variant twice', async () => {
    const [first] = (await state()).variants;
    const madeAt = statSync(join(project, 'variants', first?.variant.id as string, 'model.onnx')).mtimeMs;
    const recipe = { name: 'Another name', steps: [half] };
    const { job } = await own.client.call('makeVariant', { project, recipe });
    const startedAt = performance.now();
    expect(await own.finish(project, job)).toMatchObject({ state: 'done' });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    const { variants } = await state();
    expect(variants).toHaveLength(2);
    expect(statSync(join(project, 'variants', first?.variant.id as string, 'model.onnx')).mtimeMs).toBe(madeAt);
  });

  it('refuses a recipe that does not fit before anything is queued', async () => {
    const recipe = { steps: [{ kind: 'quantize', method: 'static-int9' }] } as Recipe;
    await expect(own.client.call('makeVariant', { project, recipe })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('static-int9'),
    });
    expect((await state()).jobs.filter(({ state: now }) => now === 'failed')).toEqual([]);
  });

  it('adds a file made elsewhere and measures it like the others', async () => {
    const [first] = (await state()).variants;
    const elsewhere = join(own.folder, 'elsewhere.onnx');
    writeFileSync(elsewhere, readFileSync(join(project, 'variants', first?.variant.id as string, 'model.onnx')));
    const { job } = await own.client.call('addVariant', { project, model: elsewhere });
    expect(await own.finish(project, job)).toMatchObject({ state: 'done', error: null });
    const added = (await state()).variants.at(-1);
    expect(added).toMatchObject({
      variant: { name: 'elsewhere', recipe: null },
      evaluation: { samples: expect.any(Number) },
    });
    expect(added?.evaluation?.metrics).toEqual(first?.evaluation?.metrics);
  });

  it('sets all of them against the original', async () => {
    const tradeOff = await own.client.call('compare', { projects: [project] });
    expect(tradeOff.quality).toBe('accuracy');
    expect(tradeOff.rows.map(({ name, baseline }) => [name, baseline])).toEqual([
      ['Original', true],
      ['fp16', false],
      ['Half the weights', false],
      ['elsewhere', false],
    ]);
    expect(tradeOff.rows[1]?.bytesRatio).toBeLessThan(0.55);
  });

  it('exports a variant, checked against what was measured, with recipe and report', async () => {
    const [first] = (await state()).variants;
    const to = join(own.folder, 'exported');
    const { job } = await own.client.call('exportVariant', { project, variant: first?.variant.id as string, to });
    const ended = await own.finish(project, job);
    expect(ended).toMatchObject({ state: 'done', error: null });
    expect(readdirSync(to).sort()).toEqual(['fp16.onnx', 'recipe.json', 'report.html', 'report.json']);
    expect(ended.output?.checks.map(({ name, passed }) => [name, passed])).toEqual(
      expect.arrayContaining([
        ['Read back from disk', true],
        ['Answers as the variant', true],
        ['Metrics as measured before', true],
      ]),
    );
    const report = reportSchema.parse(JSON.parse(readFileSync(join(to, 'report.json'), 'utf8')));
    expect(report.model.sha256).toBe(first?.variant.model.sha256);
    expect(readFileSync(join(to, 'report.html'), 'utf8')).not.toContain(own.folder);
    expect(JSON.stringify(report)).not.toContain(own.folder);
    // Over its own files it may be exported again; over another's it may not.
    const [, second] = (await state()).variants;
    const folder = (id: string) => join(project, 'variants', id);
    await own.client.call('exportFolder', { folder: folder(first?.variant.id as string), to });
    const over = own.client.call('exportFolder', { folder: folder(second?.variant.id as string), to });
    await expect(over).rejects.toThrow(
      /holds recipe\.json, report\.html, report\.json already; choose an empty folder/,
    );
    expect(readdirSync(to).sort()).toEqual(['fp16.onnx', 'recipe.json', 'report.html', 'report.json']);
  });

  it('removes a variant and brings it back', async () => {
    const [first] = (await state()).variants;
    const variant = first?.variant.id as string;
    const removed = await own.client.call('removeVariant', { project, variant });
    expect(removed.removed).toEqual([{ id: variant, name: 'fp16' }]);
    expect(removed.variants).toHaveLength(2);
    const restored = await own.client.call('restoreVariant', { project, variant });
    expect(restored.variants[0]).toEqual(first);
    const renamed = await own.client.call('renameVariant', { project, variant, name: 'Shipped' });
    expect(renamed.variants[0]?.variant.name).toBe('Shipped');
  });

  it('shows all of it again after the studio was closed', async () => {
    const before = await state();
    own = await own.again();
    const after = await state();
    expect({ ...after, jobs: [] }).toEqual({ ...before, jobs: [] });
    expect(await own.client.call('recents', {})).toEqual([
      { path: project, name: 'digits', openedAt: expect.any(String) },
    ]);
    expect(existsSync(join(project, '.lock'))).toBe(true);
  });
});
