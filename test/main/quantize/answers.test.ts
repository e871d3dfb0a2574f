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
    expect(counted('top1', [3, 2], [1, 0, 0, 1, 2, 1], [5, 0, 1, 0, 3, 2])).toMatchObject({ changed: 1 / 3, all: 3 });
  });

  it('of text lines are edits of their symbols, repeats merged and blanks dropped', () => {
    const steps = (symbols: number[]) => symbols.flatMap((symbol) => [0, 1, 2].map((k) => (k === symbol ? 1 : 0)));
    // 1 1 0 2 2 → "12"; 1 0 0 0 2 → the same; 1 0 1 0 2 → "112", one insertion.
    const line = steps([1, 1, 0, 2, 2]);
    expect(counted('ctc', [1, 5, 3], line, steps([1, 0, 0, 0, 2]))).toMatchObject({ changed: 0, all: 2 });
    expect(counted('ctc', [1, 5, 3], line, steps([1, 0, 1, 0, 2]))).toMatchObject({ changed: 0.5, all: 2 });
    // With another blank: 0 is a letter, 2 is none.
    expect(counted('ctc', [1, 5, 3], line, steps([1, 1, 0, 0, 2]), { blank: 2 })).toMatchObject({ changed: 0, all: 2 });
  });
});

describe('lost answers', () => {
  const third = 1 / 3;
  it('are expected from how near the second class is and how far margins move, worked by hand', () => {
    // Margins 1 and 2, moved by +1 and −1: σ = 1. p₁ − p₂ of two classes is tanh(m/2). Φ(−1) = 0.158655, Φ(−2) = 0.022750.
    const { lost } = counted('top1', [2, 2], [1, 0, 2, 0], [2, 0, 1, 0]);
    expect(lost).toBeCloseTo((Math.tanh(0.5) * 0.158655 + Math.tanh(1) * 0.02275) / 2, 6);
  });

  it('are the same from probabilities as from their logarithms', () => {
    const softmax = (m: number) => [1 / (1 + Math.exp(-m)), 1 / (1 + Math.exp(m))];
    const [a, b] = [
      [...softmax(1), ...softmax(2)],
      [...softmax(2), ...softmax(1)],
    ];
    expect(counted('top1', [2, 2], a, b).lost).toBeCloseTo(counted('top1', [2, 2], [1, 0, 2, 0], [2, 0, 1, 0]).lost, 5);
  });

  it('are none where nothing moves, and hardly any at a tie', () => {
    expect(counted('top1', [1, 3], [1, 2, 0], [1, 2, 0]).lost).toBeLessThan(1e-12);
    expect(counted('top1', [1, 2], [1, 1], [0, 5])).toMatchObject({ lost: 0 });
    expect(counted('top1', [1, 3], [third, third, third], [0.2, 0.2, 0.6]).lost).toBeCloseTo(0, 6);
  });

  it('of text lines are what the original gives its symbols more than the new ones, where the text changes', () => {
    // Steps: blank, then symbol 1 with 0.6 against 0.3 for 2, as probabilities; the change prefers 2.
    const [a, b] = [
      [0.9, 0.05, 0.05, 0.1, 0.6, 0.3],
      [0.9, 0.05, 0.05, 0.1, 0.4, 0.5],
    ];
    expect(counted('ctc', [1, 2, 3], a, b).lost).toBeCloseTo(0.3, 5);
    // One step earlier it is the same text.
    const c = [0.1, 0.6, 0.3, 0.6, 0.3, 0.1];
    expect(counted('ctc', [1, 2, 3], a, c)).toMatchObject({ lost: 0, changed: 0 });
  });

  it('of boxes are 1 − F1 against those that the original finds', () => {
    // 8 × 20 pixels: the original finds two boxes, the changed map one of them and one elsewhere: 1 − 2·1 / (2 + 2).
    const map = (...lefts: number[]) =>
      Array.from({ length: 160 }, (_, at) => Number(lefts.some((x) => at % 20 >= x && at % 20 < x + 4)));
    const shape = [1, 1, 8, 20];
    expect(counted('boxes', shape, map(1, 8), map(1, 15))).toEqual({ lost: 0.5, changed: 0.5, all: 2 });
    expect(counted('boxes', shape, map(1, 8), map(1, 8))).toMatchObject({ lost: 0 });
  });

  it('of a language model are a quarter of the growth of its perplexity', () => {
    // p = (¾, ¼), q = (½, ½): KL = ¾·ln 1.5 + ¼·ln ½.
    const { lost, all } = counted('lm', [1, 1, 2], [Math.log(3), 0], [0, 0]);
    expect(lost).toBeCloseTo((1.5 ** 0.75 * 0.5 ** 0.25 - 1) / 4, 6);
    expect(all).toBe(1);
  });
});
