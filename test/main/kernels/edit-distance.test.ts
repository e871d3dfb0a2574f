import { describe, expect, it } from 'vitest';
import { editDistance } from '../../../src-main/kernels';

describe('edit distance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['flaw', 'lawn', 2],
    ['漢字🙂', '漢🙂', 1],
    ['same', 'same', 0],
  ])('%s → %s is %i', (from, to, distance) => expect(editDistance(from, to)).toBe(distance));
});
