import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelFile, Report } from '../../../src-main/contract';
import { ExportBundle } from '../../../src-main/project/export-bundle';
import { sampleVariant } from '../../support/sample-documents';

let to: string;
beforeEach(() => {
  to = join(mkdtempSync(join(tmpdir(), 'lathe-export-')), 'out');
});
afterEach(() => rmSync(join(to, '..'), { recursive: true }));

function reportOf(id: string, model: ModelFile): Report {
  return {
    format: 'lathe-report',
    version: 1,
    madeAt: '2026-01-02T03:04:05.000Z',
    project: 'net',
    variant: { ...sampleVariant, id },
    model: { ...model, path: 'net.onnx' },
    checks: [],
    evaluation: null,
    baseline: null,
    tradeOff: null,
  };
}

async function exportTo(id: string, fail = false) {
  const bundle = await ExportBundle.open(to, id);
  try {
    const path = join(bundle.draft, 'net.onnx');
    writeFileSync(path, id);
    if (fail) throw new Error('on the way');
    const model = { path, bytes: id.length, sha256: '0'.repeat(64), externalData: [] };
    return await bundle.finish(model, reportOf(id, model));
  } finally {
    await bundle.discard();
  }
}

describe('an export', () => {
  it('lays model, recipe and report into a folder that it makes', async () => {
    const result = await exportTo('a');
    expect(readdirSync(to).sort()).toEqual(['net.onnx', 'recipe.json', 'report.html', 'report.json']);
    expect(result.model.path).toBe(join(to, 'net.onnx'));
    expect(JSON.parse(readFileSync(join(to, 'recipe.json'), 'utf8'))).toEqual({ lathe: 1, ...sampleVariant.recipe });
  });

  it('leaves nothing where it fails on the way, nor a folder that it made', async () => {
    const above = join(to, '..');
    to = join(to, 'deep', 'deeper');
    await expect(exportTo('a', true)).rejects.toThrow('on the way');
    expect(readdirSync(above)).toEqual([]);
    mkdirSync(to, { recursive: true });
    await expect(exportTo('a', true)).rejects.toThrow('on the way');
    expect(readdirSync(to)).toEqual([]);
    to = join(above, 'out');
  });

  it('goes over its own files and never over those of another', async () => {
    await exportTo('a');
    await exportTo('a');
    await expect(exportTo('b')).rejects.toThrow(/holds net\.onnx, recipe\.json, report\.html, report\.json already/);
    expect(readFileSync(join(to, 'net.onnx'), 'utf8')).toBe('a');
    expect(readdirSync(to)).toHaveLength(4);
  });

  it('leaves a file of the user alone', async () => {
    mkdirSync(to);
    writeFileSync(join(to, 'report.html'), 'mine');
    await expect(exportTo('a')).rejects.toThrow(/holds report\.html already; choose an empty folder/);
    expect(readFileSync(join(to, 'report.html'), 'utf8')).toBe('mine');
    expect(readdirSync(to)).toEqual(['report.html']);
  });

  it('into a file is refused in one sentence', async () => {
    writeFileSync(to, 'a file');
    await expect(exportTo('a')).rejects.toThrow(
      /is there already; choose another name or folder|below something that is a file/,
    );
  });
});
