import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, moveFolder, removeUnfinished, writeWholeFile } from '../../../src-main/project/whole-files';
import { bundleEntry } from '../../support/bundle-entry';
import { lockedFolder, withoutRoot } from '../../support/without-root';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-whole-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('writeWholeFile', () => {
  it('replaces a file and leaves nothing beside it', async () => {
    const path = join(folder, 'a.json');
    await writeWholeFile(path, 'one');
    await writeWholeFile(path, 'two');
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('keeps the old file where the new one cannot be put in its place', async () => {
    writeFileSync(join(folder, 'file'), 'x');
    await expect(writeWholeFile(join(folder, 'file', 'a.json'), 'x')).rejects.toThrow(/below something that is a file/);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.runIf(process.platform === 'linux')('leaves the old file alone where a write ends half way', async () => {
    const [script, path] = [join(folder, 'write-large-file.mjs'), join(folder, 'out', 'a.json')];
    await bundleEntry(join(import.meta.dirname, '../../support/write-large-file.ts'), script);
    mkdirSync(join(folder, 'out'));
    writeFileSync(path, 'old');
    // At most 64 blocks of 1 kB a file, which stops the write as a full disk would, with another number.
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      'ulimit -f 64; exec "$0" "$@"',
      process.execPath,
      script,
      path,
    ]);
    expect(stdout).toBe(`${path}: takes no file of this size; choose a folder on another disk`);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(join(folder, 'out'))).toEqual(['a.json']);
  });

  // Windows has other permissions.
  it.skipIf(process.platform === 'win32')('says that a folder may not be written', async () => {
    const locked = join(folder, 'locked');
    lockedFolder(folder, locked);
    const write = withoutRoot(() => writeWholeFile(join(locked, 'a.json'), 'x'));
    await expect(write).rejects.toThrow(`${join(locked, 'a.json')}: may not be written; choose another folder`);
    expect(readdirSync(locked)).toEqual([]);
  });
});

describe('moveFolder', () => {
  it('does not replace what is there', async () => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    writeInto(from, 'new');
    writeInto(to, 'old');
    await expect(moveFolder(from, to)).rejects.toThrow(/is there already/);
    expect(readFileSync(join(to, 'x'), 'utf8')).toBe('old');
  });
});

describe('makeFolder', () => {
  it('makes what is missing and tells the topmost of it', async () => {
    expect(await makeFolder(join(folder, 'a', 'b', 'c'))).toBe(join(folder, 'a'));
    expect(await makeFolder(join(folder, 'a', 'b'))).toBeUndefined();
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file', 'x'))).rejects.toThrow(/lies below something that is a file/);
  });

  // Node's recursive form never returns there.
  it.runIf(process.platform === 'linux')('ends where a file system takes no folders', async () => {
    await expect(makeFolder('/proc/lathe/x')).rejects.toThrow(/^\/proc\/lathe\/x: cannot be made/);
  });
});

describe('removeUnfinished', () => {
  it('removes what a killed writer left and nothing else', async () => {
    for (const name of ['.a.json.123.unfinished', 'b.unfinished', '.hidden', 'c'])
      writeFileSync(join(folder, name), '');
    await removeUnfinished(folder);
    expect(readdirSync(folder).sort()).toEqual(['.hidden', 'b.unfinished', 'c']);
  });
});

function writeInto(path: string, text: string): void {
  mkdirSync(path);
  writeFileSync(join(path, 'x'), text);
}
