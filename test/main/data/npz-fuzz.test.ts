import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openNpz } from '../../../src-main/data/npz';
import { temporaryFolder } from '../../support/folder';
import { float32, npyBytes, texts, zipBytes } from '../../support/npz';

const whole = zipBytes([
  { name: 'x.npy', content: npyBytes(float32([3, 2], [0, 1, 2, 3, 4, 5])), deflate: true },
  { name: 'y.npy', content: npyBytes(float32([3], [0, 1, 2])) },
  { name: 'z.npy', content: npyBytes(texts(['a', 'bc', ''])), deflate: true },
]);

/** A few bytes changed, a piece cut out or doubled. */
const damaged = fc
  .record({
    changes: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
    cut: fc.tuple(fc.nat(whole.length), fc.nat(40)),
    doubled: fc.boolean(),
  })
  .map(({ changes, cut: [from, length], doubled }) => {
    const bytes = Buffer.from(whole);
    for (const [at, value] of changes) bytes[at] = value;
    const piece = doubled ? bytes.subarray(from, from + length) : Buffer.alloc(0);
    return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(doubled ? from : from + length)]);
  });

it('reads a damaged archive or says in one sentence why not', async () => {
  const path = join(temporaryFolder(), 'fuzz.npz');
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      writeFileSync(path, bytes);
      try {
        for (const array of (await openNpz(path)).arrays.values()) await array.rows(0, array.shape[0] ?? 0);
      } catch (error) {
        expect((error as Error).name, (error as Error).stack ?? '').toBe('LatheError');
      }
    }),
    { numRuns: 1500, seed: 7 },
  );
});
