import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyRange, writeWhole } from '../../../src-main/kernels';
import { temporaryFolder } from '../../support/folder';

const bytes = Buffer.from(Uint8Array.from({ length: 300_001 }, (_, at) => (at * 31 + (at >> 8)) & 255));

function withFiles<T>(use: (source: number, target: number, targetPath: string) => T): T {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'source'), bytes);
  const source = openSync(join(folder, 'source'), 'r');
  const target = openSync(join(folder, 'target'), 'w');
  try {
    return use(source, target, join(folder, 'target'));
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

// Pages that fit each other are moved by the kernel where native code is built, all others pass through memory.
test.each([
  ['whole', 0, 0, 300_001],
  ['pages that fit', 4096, 8192, 200_000],
  ['pages that do not fit', 4096, 8191, 200_000],
  ['nothing', 17, 0, 0],
])('copies a range to a place: %s', (_, from, to, length) => {
  withFiles((source, target, path) => {
    expect(copyRange(source, from, target, to, length)).toBe(length);
    const written = readFileSync(path);
    expect(written.length).toBe(length === 0 ? 0 : to + length);
    expect(written.subarray(to).equals(bytes.subarray(from, from + length))).toBe(true);
  });
});

test.each([0, 1])('says how far it came where the source ends (place %i)', (to) => {
  withFiles((source, target) => expect(copyRange(source, 200_000, target, to, 200_000)).toBe(100_001));
});

test('fails as node:fs does', () => {
  withFiles((source, target) => {
    expect(() => copyRange(source, 0, source, 4096, 4096)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => writeWhole(source, bytes, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => copyRange(target, 0, target, 0, 4096)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});
