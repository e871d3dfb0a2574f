import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BaselineWriter } from '../../../../src-main/evaluate/baseline-file';
import { removeAbandoned, unfinishedName } from '../../../../src-main/onnx/file';
import { ExportBundle } from '../../../../src-main/project/export-bundle';
import { bundleEntry } from '../../../support/bundle-entry';

const folder = mkdtempSync(join(tmpdir(), 'lathe-unfinished-'));
const entry = join(folder, 'leave-unfinished.mjs');
beforeAll(() => bundleEntry(fileURLToPath(new URL('../../../support/leave-unfinished.ts', import.meta.url)), entry));
afterAll(() => rmSync(folder, { recursive: true }));

/** A process that has begun to write into `where`. */
async function writer(kind: string, where: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [entry, kind, where], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const openings: [string, (where: string) => Promise<unknown>][] = [
  ['file', removeAbandoned],
  ['export', async (where) => (await ExportBundle.open(where, 'v')).discard()],
  ['baseline', async (where) => (await BaselineWriter.open(where, 'other.bin')).abandon()],
];

describe('removeAbandoned', () => {
  test.each(openings)(
    '%s: spares what is being written, and removes it once its writer was killed',
    async (kind, open) => {
      const where = mkdtempSync(join(folder, 'where-'));
      const child = await writer(kind, where);
      const begun = readdirSync(where);
      expect(begun).toHaveLength(1);
      await open(where);
      expect(readdirSync(where)).toEqual(begun);
      await kill(child);
      await open(where);
      expect(readdirSync(where)).toEqual([]);
    },
  );

  test("leaves the user's files and those of other machines, whose processes it cannot see", async () => {
    const where = mkdtempSync(join(folder, 'where-'));
    const own = unfinishedName('own');
    const dead = 2 ** 30; // above the largest number of a process
    const abandoned = own.replace(`.${process.pid}-`, `.${dead}-`);
    const elsewhere = abandoned.replace(/-[^-]*(-[0-9a-f]{8}\.)/, '-elsewhere$1');
    const kept = [own, elsewhere, 'model.onnx', '.hidden', '.b.unfinished', `.${dead}.unfinished`];
    for (const name of [...kept, abandoned]) writeFileSync(join(where, name), '');
    await removeAbandoned(where);
    expect(readdirSync(where).sort()).toEqual(kept.sort());
  });

  // The start of a process is told by Linux alone.
  test.runIf(process.platform === 'linux')('knows a dead writer whose number another process has by now', async () => {
    const where = mkdtempSync(join(folder, 'where-'));
    const own = unfinishedName('own');
    const earlier = own.replace(/^(\.own\.\d+)-\d+-/, '$1-1-');
    expect(earlier).not.toBe(own);
    for (const name of [own, earlier]) writeFileSync(join(where, name), '');
    await removeAbandoned(where);
    expect(readdirSync(where)).toEqual([own]);
  });

  test('of a folder that is not there is nothing to do', async () => {
    await expect(removeAbandoned(join(folder, 'no-such'))).resolves.toBeUndefined();
  });
});
