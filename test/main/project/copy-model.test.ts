import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelFile } from '../../../src-main/contract';
import { copyModelInto } from '../../../src-main/project/copy-model';

let folder: string;
let file: ModelFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-copy-'));
  mkdirSync(join(folder, 'from', 'weights'), { recursive: true });
  writeFileSync(join(folder, 'from', 'net.onnx'), 'graph');
  writeFileSync(join(folder, 'from', 'weights', 'w.bin'), 'weights');
  const path = join(folder, 'from', 'net.onnx');
  file = { path, bytes: 12, sha256: '0'.repeat(64), externalData: ['weights/w.bin'] };
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('copyModelInto', () => {
  it('renames the model and keeps the names that it refers to', async () => {
    const to = join(folder, 'to');
    const copy = await copyModelInto(to, file, new AbortController().signal);
    expect(copy).toEqual({ ...file, path: join(to, 'model.onnx') });
    expect(readFileSync(copy.path, 'utf8')).toBe('graph');
    expect(readFileSync(join(to, 'weights', 'w.bin'), 'utf8')).toBe('weights');
    expect(readdirSync(join(folder, 'from')).sort()).toEqual(['net.onnx', 'weights']);
  });

  it('stops between files when it is cancelled', async () => {
    const to = join(folder, 'to');
    await expect(copyModelInto(to, file, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(to)).toEqual(['model.onnx']);
  });

  it('says where it could not write', async () => {
    writeFileSync(join(folder, 'to'), 'a file');
    const copy = copyModelInto(join(folder, 'to'), file, new AbortController().signal);
    await expect(copy).rejects.toMatchObject({ name: 'LatheError', who: join(folder, 'to') });
  });
});
