import { expect, it } from 'vitest';
import { firstThatFit } from '../../../src-main/engine/fit-message';

it('takes entries from the front while there is room, counted in UTF-8', () => {
  // "aa" takes four bytes and a comma, "中" three bytes, two quotes and a comma.
  expect(firstThatFit(['aa', '中', 'aa'], 11)).toEqual(['aa', '中']);
  expect(firstThatFit(['aa', '中', 'aa'], 10)).toEqual(['aa']);
  expect(firstThatFit(['aa', '中'], 1000)).toEqual(['aa', '中']);
  expect(firstThatFit(['aa'], 1)).toEqual([]);
});
