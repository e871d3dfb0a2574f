import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { partBytes, partHash } from '../../../../src-main/onnx/file/part-hash';

/** Bytes that differ from part to part, so that a part lost, repeated or read too late shows. */
function fill(room: Uint8Array, part: number): void {
  for (let at = 0; at < room.length; at += 997) room[at] = part * 31 + at;
}

async function hashOf(total: number, lengths: readonly number[]): Promise<{ sha256: string; expected: string }> {
  const hash = partHash(total);
  const expected = createHash('sha256');
  try {
    for (const [part, length] of lengths.entries()) {
      const room = await hash.room();
      fill(room, part);
      hash.push(length);
      expected.update(room.subarray(0, length));
    }
    return { sha256: await hash.digest(), expected: expected.digest('hex') };
  } finally {
    await hash.close();
  }
}

describe.each([
  ['in the thread of the caller', 0],
  ['in a thread of its own', 2 ** 30],
])('partHash %s', (_, total) => {
  test('is the SHA-256 of the parts one after the other, however many and however long', async () => {
    // More than the thread has slots for, so that the caller waits and slots come round again.
    const lengths = Array.from({ length: 40 }, (_, part) => (part % 7 === 3 ? 1 + part : partBytes));
    const { sha256, expected } = await hashOf(total, lengths);
    expect(sha256).toBe(expected);
  });

  test('of nothing is the SHA-256 of nothing', async () => {
    const { sha256 } = await hashOf(total, []);
    expect(sha256).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('can be given up at any time', async () => {
    const hash = partHash(total);
    await hash.room();
    hash.push(partBytes);
    await hash.close();
  });
});
