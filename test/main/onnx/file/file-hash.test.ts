import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileHash } from '../../../../src-main/onnx/file/file-hash';
import { temporaryFolder } from '../../../support/folder';

/** Bytes of which no two windows are alike, so that one lost, repeated or read too late shows. */
function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 997) bytes[at] = at * 31 + (at >> 8) * seed;
  return bytes;
}

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest('hex');

describe.each([
  ['in the thread of the caller', 1000],
  ['in a thread of its own', 2 ** 24 + 77],
])('fileHash %s', (_, length) => {
  test('is the SHA-256 of files one after the other, read while they grow', async () => {
    const folder = temporaryFolder();
    const parts = [bytesOf(length, 3), new Uint8Array(0), bytesOf(2 * length + 1, 5)];
    const files = parts.map(({ length }, at) => ({ path: join(folder, `${at}.bin`), length }));
    const hash = fileHash(files);
    try {
      for (const [at, part] of parts.entries()) {
        writeFileSync(files[at]?.path as string, '');
        for (let start = 0; start < part.length; start += 2 ** 20 + 1) {
          const piece = part.subarray(start, start + 2 ** 20 + 1);
          appendFileSync(files[at]?.path as string, piece);
          hash.grown(piece.length);
        }
      }
      expect(await hash.digest()).toBe(sha256(...parts));
    } finally {
      await hash.close();
    }
  });

  test('says so where a file ends too early', async () => {
    const path = join(temporaryFolder(), 'short.bin');
    writeFileSync(path, bytesOf(100, 3));
    const hash = fileHash([{ path, length: 3 * length }]);
    hash.grown(3 * length);
    await expect(hash.digest()).rejects.toThrow('short.bin: cannot be read for its hash: it ends at byte 100');
    await hash.close();
  });

  test('can be given up at any time', async () => {
    const hash = fileHash([{ path: join(temporaryFolder(), 'never.bin'), length: 3 * length }]);
    await hash.close();
  });
});

test('of nothing is the SHA-256 of nothing', async () => {
  expect(await fileHash([]).digest()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});
