import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterTies, maskBelow, selectMagnitude } from '../../../src-main/kernels';
import { floats, golden } from './golden';

describe('selectMagnitude', () => {
  it('finds the values that a sort by numpy finds, over several tensors', async () => {
    const parts = golden.magnitude.parts.map(floats) as Float32Array[];
    const values = floats(golden.magnitude.values);
    for (const [i, k] of golden.magnitude.ks.entries())
      expect((await selectMagnitude(() => parts, k)).threshold).toBe(values[i]);
  });

  it('with maskBelow prunes exactly k values and none larger than a kept one, ties included', async () => {
    const value = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(0, -0, 1, -1, 2));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(value, { maxLength: 40 }), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        async (lists, n) => {
          const parts = lists.map((list) => Float32Array.from(list));
          const total = parts.reduce((sum, part) => sum + part.length, 0);
          const k = n % (total + 1);
          const { threshold, ties } = await selectMagnitude(() => parts, k);
          let left = ties;
          const kept: number[] = [];
          const pruned: number[] = [];
          for (const part of parts) {
            const mask = new Uint8Array(part.length);
            const tied = afterTies(part, threshold, left);
            left = tied.left;
            maskBelow(part, threshold, tied.end, mask);
            part.forEach((x, i) => {
              (mask[i] === 1 ? kept : pruned).push(Math.abs(x));
            });
          }
          expect(pruned).toHaveLength(k);
          expect(Math.max(0, ...pruned)).toBeLessThanOrEqual(Math.min(Infinity, ...kept));
        },
      ),
    );
  });

  it('refuses to select more than there is', async () => {
    await expect(selectMagnitude(() => [Float32Array.of(1)], 2)).rejects.toThrow('asked for value 2 of 1');
  });
});
