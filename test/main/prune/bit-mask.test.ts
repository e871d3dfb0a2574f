import { expect, it } from 'vitest';
import { BitMask } from '../../../src-main/prune/bit-mask';

it('keeps all at first, and answers for any window', () => {
  const mask = new BitMask(19);
  for (const place of [0, 8, 9, 18]) mask.prune(place);
  const window = new Uint8Array(12);
  mask.fill(new Float32Array(12), 7, window);
  expect([...window]).toEqual([1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  expect([mask.isKept(0), mask.isKept(1)]).toEqual([false, true]);
});
