import { describe, expect, it } from 'vitest';
import type { Meta } from '../../../src-main/data/dataset';
import { AnswerCounter } from '../../../src-main/quantize/answers';
import { float32 } from '../../support/npz';

const counted = (kind: string, shape: number[], a: number[], b: number[], raw = {}) => {
  const counter = new AnswerCounter({ metric: { kind, name: null }, output: 'y', raw } as unknown as Meta);
  counter.see({ y: float32(shape, a) }, { y: float32(shape, b) });
  return counter.answers;
};

describe('changed answers', () => {
  it('of rows are other largest elements', () => {
    expect(counted('top1', [3, 2], [1, 0, 0, 1, 2, 1], [5, 0, 1, 0, 3, 2])).toEqual({ changed: 1 / 3, all: 3 });
  });

  it('of text lines are edits of their symbols, repeats merged and blanks dropped', () => {
    const steps = (symbols: number[]) => symbols.flatMap((symbol) => [0, 1, 2].map((k) => (k === symbol ? 1 : 0)));
    // 1 1 0 2 2 → "12"; 1 0 0 0 2 → the same; 1 0 1 0 2 → "112", one insertion.
    const line = steps([1, 1, 0, 2, 2]);
    expect(counted('ctc', [1, 5, 3], line, steps([1, 0, 0, 0, 2]))).toEqual({ changed: 0, all: 2 });
    expect(counted('ctc', [1, 5, 3], line, steps([1, 0, 1, 0, 2]))).toEqual({ changed: 0.5, all: 2 });
    // With another blank: 0 is a letter, 2 is none.
    expect(counted('ctc', [1, 5, 3], line, steps([1, 1, 0, 0, 2]), { blank: 2 })).toEqual({ changed: 0, all: 2 });
  });

  it('of a language model are the growth of its perplexity', () => {
    // p = (¾, ¼), q = (½, ½): KL = ¾·ln 1.5 + ¼·ln ½.
    const { changed, all } = counted('lm', [1, 1, 2], [Math.log(3), 0], [0, 0]);
    expect(changed).toBeCloseTo(1.5 ** 0.75 * 0.5 ** 0.25 - 1, 6);
    expect(all).toBe(1);
  });
});
