import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Variant } from '../../../src-main/contract';
import { takeLock } from '../../../src-main/project/lock';
import { createProject, Project, readProject } from '../../../src-main/project/project';
import { readLatestEvaluation } from '../../../src-main/project/variant-folder';
import { bundleEntry } from '../../support/bundle-entry';
import { sampleEvaluation, sampleVariant } from '../../support/sample-documents';

const settings = {
  name: 'net',
  report: null,
  dataPath: null,
  data: null,
  dims: {},
  measure: { threads: 1, batch: 1 },
} as const;

let folder: string;
let path: string;
let model: string;
const opened: Project[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-project-'));
  path = join(folder, 'net.lathe');
  model = join(folder, 'net.onnx');
  writeFileSync(model, 'not read by the store');
  await createProject(path, { ...settings, model });
});
afterEach(async () => {
  for (const project of opened.splice(0)) await project.close();
  rmSync(folder, { recursive: true });
});

async function open(place = path): Promise<Project> {
  const project = await Project.open(place);
  opened.push(project);
  return project;
}
async function reopen(project: Project): Promise<Project> {
  opened.splice(opened.indexOf(project), 1);
  await project.close();
  return open(project.path);
}
async function addVariant(project: Project, id: string): Promise<Variant> {
  const jobFolder = await project.jobFolder(id);
  writeFileSync(join(jobFolder, 'model.onnx'), Buffer.alloc(100));
  const variant = { ...sampleVariant, id };
  await project.finishVariant(id, variant);
  return variant;
}

describe('createProject', () => {
  it('leaves the model where it is and refuses a folder that is taken', async () => {
    const project = await open();
    expect(project.modelPath).toBe(model);
    expect(await project.sourceState()).toBe('ok');
    const again = createProject(path, { ...settings, model });
    await expect(again).rejects.toThrow(/is there already; choose another name or folder/);
    expect(readdirSync(folder).sort()).toEqual(['net.lathe', 'net.onnx']);
  });

  it('stores the path of a model inside the project relative, so that the project can be moved', async () => {
    const whole = join(folder, 'whole');
    mkdirSync(whole);
    const inside = join(path, 'models', 'net.onnx');
    mkdirSync(join(path, 'models'));
    cpSync(model, inside);
    const project = await open();
    await project.change({ source: { ...project.file.source, path: 'models/net.onnx' }, dataPath: join(path, 'data') });
    await project.close();
    opened.pop();
    cpSync(path, join(whole, 'moved'), { recursive: true });
    const moved = await open(join(whole, 'moved'));
    expect(moved.modelPath).toBe(join(whole, 'moved', 'models', 'net.onnx'));
    expect(moved.dataPath).toBe(join(whole, 'moved', 'data'));
  });

  it('says so where the folder may not be written', async () => {
    const locked = join(folder, 'locked');
    writeFileSync(locked, 'a file');
    const wrong = createProject(join(locked, 'net'), { ...settings, model });
    await expect(wrong).rejects.toMatchObject({ name: 'LatheError', code: 'input' });
  });
});

describe('a project', () => {
  it('keeps what was changed, and tells when the model has changed or gone', async () => {
    let project = await open();
    await project.change({ dims: { sequence: 128 }, measure: { threads: 2, batch: 4 } });
    project = await reopen(project);
    expect(project.file).toMatchObject({ dims: { sequence: 128 }, measure: { threads: 2, batch: 4 } });
    utimesSync(model, 1, 1);
    expect(await project.sourceState()).toBe('changed');
    rmSync(model);
    expect(await project.sourceState()).toBe('missing');
  });

  it('shows finished variants when it is opened again, and sweeps the rest', async () => {
    let project = await open();
    await addVariant(project, 'first');
    writeFileSync(join(await project.jobFolder('second'), 'model.onnx'), Buffer.alloc(50));
    writeFileSync(join(path, '.project.json.x.unfinished'), '{');
    mkdirSync(join(path, 'variants', 'half'));
    writeFileSync(join(path, 'variants', 'half', 'variant.json'), JSON.stringify({ ...sampleVariant, id: 'half' }));
    project = await reopen(project);
    expect(project.variants.map(({ id }) => id)).toEqual(['first']);
    expect(existsSync(join(path, 'jobs'))).toBe(false);
    expect(existsSync(join(path, '.project.json.x.unfinished'))).toBe(false);
  });

  it('never overwrites a finished variant, and puts what is damaged aside', async () => {
    const project = await open();
    await addVariant(project, 'first');
    await expect(addVariant(project, 'first')).rejects.toThrow('is there already, finished');
    mkdirSync(join(path, 'variants', 'second'));
    await addVariant(project, 'second');
    expect(project.variants.map(({ id }) => id)).toEqual(['first', 'second']);
    expect(readdirSync(join(path, 'bin'))).toEqual([expect.stringMatching(/^second\.damaged-\d+$/)]);
  });

  it('removes to the bin and restores from it, with the evaluation', async () => {
    let project = await open();
    await addVariant(project, 'first');
    await addVariant(project, 'second');
    await project.saveVariantEvaluation('first', project.conditions, sampleEvaluation);
    await project.removeVariant('first');
    await project.removeVariant('second');
    project = await reopen(project);
    expect(project.variants).toEqual([]);
    expect(project.removed).toEqual(['second', 'first']);
    await project.restoreVariant('first');
    expect(project.removed).toEqual(['second']);
    expect(await project.variantEvaluation('first')).toEqual(sampleEvaluation);
    await expect(project.restoreVariant('first')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('shows an evaluation only under the conditions it was made under', async () => {
    const project = await open();
    await addVariant(project, 'first');
    await project.saveVariantEvaluation('first', project.conditions, sampleEvaluation);
    await project.saveBaseline(project.conditions, sampleEvaluation);
    await project.change({ measure: { threads: 2, batch: 1 } });
    expect(await project.variantEvaluation('first')).toBeNull();
    expect(await project.baseline()).toBeNull();
    await project.change({ measure: { threads: 1, batch: 1 } });
    expect(await project.variantEvaluation('first')).toEqual(sampleEvaluation);
    expect(await project.baseline()).toEqual(sampleEvaluation);
  });

  it('renames a variant and nothing else of it', async () => {
    let project = await open();
    const variant = await addVariant(project, 'first');
    await project.renameVariant('first', 'Best so far');
    project = await reopen(project);
    expect(project.variants).toEqual([{ ...variant, name: 'Best so far' }]);
  });

  it('drops a torn last line of its events and goes on after it', async () => {
    let project = await open();
    await addVariant(project, 'first');
    await project.close();
    opened.pop();
    appendFileSync(join(path, 'events.jsonl'), '{"event":"variant-made","at":"2026-01');
    project = await open();
    expect(project.past).toEqual([{ event: 'variant-made', at: expect.any(String), variant: 'first' }]);
    await addVariant(project, 'second');
    project = await reopen(project);
    expect(project.past.map((event) => event.event)).toEqual(['variant-made', 'variant-made']);
  });
});

describe('project.json', () => {
  const rewrite = (change: (text: string) => string) =>
    writeFileSync(join(path, 'project.json'), change(readFileSync(join(path, 'project.json'), 'utf8')));

  it.each([
    ['is cut off', (text: string) => text.slice(0, 100), /^net\.lathe\/project\.json: is not whole JSON/],
    [
      'is of a newer Lathe',
      (text: string) => text.replace('"version": 1', '"version": 9'),
      /newer Lathe.*update Lathe/,
    ],
    ['is something else', () => '{"format": "recipe"}', /is no lathe-project file/],
    ['lacks a field', (text: string) => text.replace('"dims"', '"dimensions"'), /field dims: /],
  ])('that %s is refused in one sentence', async (_what, change, message) => {
    rewrite(change);
    await expect(Project.open(path)).rejects.toThrow(message);
    expect(existsSync(join(path, '.lock'))).toBe(false);
  });

  it('that is not there is refused', async () => {
    await expect(Project.open(folder)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('the lock', () => {
  it('lets one writer in and any number of readers', async () => {
    const project = await open();
    await expect(Project.open(path)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('another'),
    });
    expect((await readProject(path)).file.name).toBe('net');
    await reopen(project);
  });

  it.each([
    ['a process that is gone', { pid: 2 ** 22 + 1, startedAt: null, token: 'x' }],
    ['an earlier process of the same number', { pid: process.pid, startedAt: '1', token: 'x' }],
    ['nothing readable', 'garbage'],
  ])('of %s is taken over', async (_what, holder) => {
    writeFileSync(join(path, '.lock'), JSON.stringify(holder));
    await open();
    expect(readdirSync(path).filter((name) => name.startsWith('.lock'))).toEqual(['.lock']);
  });

  it('goes to exactly one of many that find it stale', async () => {
    writeFileSync(join(path, '.lock'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: null, token: 'x' }));
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => Project.open(path)));
    const winners = tries.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    opened.push(...winners);
    expect(winners).toHaveLength(1);
    expect(readdirSync(path).filter((name) => name.startsWith('.lock'))).toEqual(['.lock']);
  });

  it('goes to exactly one again and again, also where an heir died before it moved in', async () => {
    const dead = (token: string) => JSON.stringify({ pid: 2 ** 22 + 1, startedAt: null, token });
    for (let round = 0; round < 60; round += 1) {
      writeFileSync(join(path, '.lock'), dead('x'));
      if (round % 2 === 1) writeFileSync(join(path, '.lock.x.heir.unfinished'), dead('y'));
      const tries = await Promise.allSettled(Array.from({ length: 12 }, () => takeLock(path)));
      const locks = tries.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      const refusals = tries.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
      expect(locks).toHaveLength(1);
      expect(new Set(refusals)).toEqual(new Set(['busy']));
      await locks[0]?.release();
    }
  });
});

describe('a kill at any moment', () => {
  it('loses nothing finished and leaves nothing half', async () => {
    const writer = join(folder, 'project-writer.mjs');
    await bundleEntry(join(import.meta.dirname, '../../support/project-writer.ts'), writer);
    const promised = { variants: new Set<string>(), evaluations: new Set<string>(), turn: -1 };
    for (let round = 0; round < 12; round += 1) {
      const output = await writeUntilKilled(writer, 40 + round * 9);
      for (const [what, id] of output) {
        if (what === 'variant') promised.variants.add(id);
        if (what === 'evaluation') promised.evaluations.add(id);
        if (what === 'turn') promised.turn = Number(id);
      }
      const project = await open();
      const shown = new Set(project.variants.map(({ id }) => id));
      expect([...promised.variants].filter((id) => !shown.has(id))).toEqual([]);
      for (const id of promised.evaluations)
        expect(await readLatestEvaluation(project.variantFolder(id))).not.toBeNull();
      for (const { id, model: file } of project.variants)
        expect(readFileSync(join(project.variantFolder(id), 'model.onnx'))).toHaveLength(file.bytes);
      expect(project.file.dims.turn ?? -1).toBeGreaterThanOrEqual(promised.turn);
      expect(readdirSync(path).filter((name) => name.includes('unfinished'))).toEqual([]);
      await project.close();
      opened.pop();
    }
    expect(promised.variants.size).toBeGreaterThan(12);
  }, 60_000);
});

/** Lines that the writer finished before it was killed, `afterMs` after its first one. */
async function writeUntilKilled(writer: string, afterMs: number): Promise<[string, string][]> {
  const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(child.stdout, 'data');
  await delay(afterMs);
  child.kill('SIGKILL');
  await once(child, 'close');
  const whole = text.slice(0, text.lastIndexOf('\n'));
  return whole.split('\n').map((line) => line.split(' ') as [string, string]);
}
