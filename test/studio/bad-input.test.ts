import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sample, startStudio, type TestStudio } from '../support/studio';

let own: TestStudio;
let project: string;
beforeAll(async () => {
  own = await startStudio();
  project = (await own.client.call('createProject', { model: sample.model })).path;
});
afterAll(() => own.close());

const state = () => own.client.call('openProject', { project });
/** One line, of a LatheError, that names the thing. */
const sentence = (about: RegExp) => ({
  name: 'LatheError',
  message: expect.stringMatching(new RegExp(`^[^\\n]*${about.source}[^\\n]*$`)),
});

describe('a model that cannot be opened makes no project', () => {
  it.each<[string, (path: string) => void, RegExp]>([
    ['is not there', () => {}, /odd\.onnx/],
    ['is a text', (path) => writeFileSync(path, 'hello, this is no model\n'), /odd\.onnx/],
    ['is cut off', (path) => writeFileSync(path, readFileSync(sample.model).subarray(0, 5000)), /odd\.onnx/],
    ['is empty', (path) => writeFileSync(path, ''), /odd\.onnx/],
    ['is a folder', (path) => mkdirSync(path), /odd\.onnx/],
  ])('%s', async (_what, make, about) => {
    const model = join(own.folder, 'odd.onnx');
    rmSync(model, { recursive: true, force: true });
    make(model);
    const folder = join(own.folder, 'odd-project');
    await expect(own.client.call('createProject', { model, folder })).rejects.toMatchObject(sentence(about));
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(join(own.folder, 'projects'))).toEqual(['digits']);
  });
});

describe('data that a project cannot be made with makes none', () => {
  it.each<[string, string, RegExp]>([
    ['of another model', join(import.meta.dirname, '../models/glyph-vit'), /glyph-vit|calib\.npz|input/],
    ['that is not there', '/no/such/folder', /no\/such\/folder/],
  ])('%s', async (_what, data, about) => {
    const folder = join(own.folder, 'odd-data');
    const call = own.client.call('createProject', { model: sample.model, folder, data });
    await expect(call).rejects.toMatchObject(sentence(about));
    expect(existsSync(folder)).toBe(false);
  });

  it('and data that fits is the project’s at once, with the dims that it was asked for', async () => {
    const folder = join(own.folder, 'with-data');
    const dims = { batch: 2 };
    const made = await own.client.call('createProject', { model: sample.model, folder, data: sample.data, dims });
    expect(made).toMatchObject({ dataPath: sample.data, data: { path: sample.data }, dims });
    const again = await own.client.call('createProject', { model: sample.model, folder, dims: { batch: 4 } });
    expect(again).toMatchObject({ dataPath: sample.data, dims: { batch: 4 } });
  });
});

describe('a folder that cannot take a project', () => {
  it('because something is in it, or it lies below a file', async () => {
    const full = join(own.folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'notes.txt'), 'mine');
    const into = (folder: string) => own.client.call('createProject', { model: sample.model, folder });
    await expect(into(full)).rejects.toMatchObject(sentence(/full: is there already/));
    await expect(into(join(full, 'notes.txt', 'deep'))).rejects.toMatchObject(sentence(/notes\.txt/));
    expect(readdirSync(full)).toEqual(['notes.txt']);
  });

  it('because it is a project of another model', async () => {
    const other = join(import.meta.dirname, '../models/mnist-cnn/model-bn.onnx');
    const call = own.client.call('createProject', { model: other, folder: project });
    await expect(call).rejects.toMatchObject(sentence(/is a project of another model/));
    const copy = join(own.folder, 'copy.onnx');
    copyFileSync(sample.model, copy);
    expect((await own.client.call('createProject', { model: copy, folder: project })).path).toBe(project);
  });
});

describe('data that does not fit is refused and changes nothing', () => {
  it.each<[string, string, RegExp]>([
    ['of another model', join(import.meta.dirname, '../models/glyph-vit'), /glyph-vit|calib\.npz|input/],
    ['that is no dataset', import.meta.dirname, /data "studio"/],
    ['that is not there', '/no/such/folder', /no\/such\/folder/],
  ])('%s', async (_what, data, about) => {
    await expect(own.client.call('setData', { project, data })).rejects.toMatchObject(sentence(about));
    expect(await state()).toMatchObject({ dataPath: null, data: null });
  });
});

describe('a job that cannot be done', () => {
  it('says which method needs data, and leaves nothing', async () => {
    const recipe = { steps: [{ kind: 'quantize' as const, method: 'static-int8' }] };
    const { job } = await own.client.call('makeVariant', { project, recipe });
    const ended = await own.finish(project, job);
    expect(ended).toMatchObject({ state: 'failed', error: expect.stringMatching(/needs calibration data/) });
    expect(readdirSync(join(project, 'jobs'))).toEqual([]);
    expect((await state()).variants).toEqual([]);
  });

  it('refuses to add a model with other inputs', async () => {
    const model = join(import.meta.dirname, '../models/glyph-vit/model.onnx');
    const { job } = await own.client.call('addVariant', { project, model });
    const ended = await own.finish(project, job);
    expect(ended).toMatchObject({ state: 'failed', error: expect.stringMatching(/^model\.onnx: has other inputs/) });
    expect((await state()).variants).toEqual([]);
  });

  it('exports only what is there, and only to where it can', async () => {
    const folder = join(project, 'variants', 'none');
    const to = join(own.folder, 'out');
    await expect(own.client.call('exportFolder', { folder, to })).rejects.toMatchObject(sentence(/none/));
    await expect(own.client.call('exportFolder', { folder: own.folder, to })).rejects.toMatchObject(
      sentence(/is no variant of a project/),
    );
    await expect(own.client.call('exportVariant', { project, variant: 'none', to })).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(existsSync(to)).toBe(false);
  });

  it('stops where the model was changed under it, and goes on when it is back', async () => {
    const model = join(own.folder, 'moving.onnx');
    copyFileSync(sample.model, model);
    const { path } = await own.client.call('createProject', { model });
    const hash = async () => (await own.client.call('openProject', { project: path })).model.sha256;
    await expect.poll(hash, { timeout: 20_000 }).not.toBeNull();
    const make = async () => {
      const recipe = { steps: [{ kind: 'quantize' as const, method: 'fp16' }] };
      const { job } = await own.client.call('makeVariant', { project: path, recipe, evaluate: false });
      return own.finish(path, job);
    };
    writeFileSync(model, readFileSync(join(import.meta.dirname, '../models/mnist-cnn/model-bn.onnx')));
    expect(await make()).toMatchObject({ state: 'failed', error: expect.stringMatching(/moving\.onnx: has changed/) });
    copyFileSync(sample.model, model);
    expect(await make()).toMatchObject({ state: 'done', error: null });
  });
});

describe('data that changed under a project', () => {
  it('is told before anything is made of it, and may be chosen again', async () => {
    const data = join(own.folder, 'moving-data');
    cpSync(sample.data, data, { recursive: true });
    const { path } = await own.client.call('createProject', { model: sample.model, folder: join(own.folder, 'moved') });
    await own.client.call('setData', { project: path, data });
    copyFileSync(join(data, 'test.npz'), join(data, 'calib.npz'));
    const make = async () => {
      const recipe = { steps: [{ kind: 'quantize' as const, method: 'fp16' }] };
      const { job } = await own.client.call('makeVariant', { project: path, recipe, evaluate: false });
      return own.finish(path, job);
    };
    expect(await make()).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/moving-data: has changed since it was chosen.*choose it again/),
    });
    await own.client.call('setData', { project: path, data });
    expect(await make()).toMatchObject({ state: 'done', error: null });
  });
});

describe('a project that cannot be opened', () => {
  it('says so in one sentence', async () => {
    await expect(own.client.call('openProject', { project: own.folder })).rejects.toMatchObject(
      sentence(/project\.json: does not exist/),
    );
    const unmeasured = { model: sample.model, folder: join(own.folder, 'unmeasured') };
    const { path } = await own.client.call('createProject', unmeasured);
    await expect(own.client.call('compare', { projects: [path] })).rejects.toMatchObject(
      sentence(/has no measured baseline yet; measure the original first/),
    );
  });
});

describe('a setting that cannot work', () => {
  it('is refused, and the studio goes on with the old one', async () => {
    const change = own.client.call('changeSettings', { engineNode: '/no/such/node' });
    await expect(change).rejects.toMatchObject(sentence(/engine process could not be started.*check the path/));
    expect((await own.client.call('settings', {})).engineNode).toBeNull();
    expect((await own.client.call('about', {})).engine.host).toContain(process.versions.node);
  });
});
