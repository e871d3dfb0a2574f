import { describe, expect, it } from 'vitest';
import { equalBytes, weightDistance } from '../../../src-main/inspect';
import { floatTensor, int64Tensor, type Tensor } from '../../../src-main/onnx/ir';

const texts = (...values: string[]): Tensor => ({
  name: 's',
  dtype: 'string',
  shape: [values.length],
  data: { kind: 'strings', strings: values.map((text) => new TextEncoder().encode(text)) },
});

describe('equalBytes', () => {
  it('compares values, not names', () => {
    expect(equalBytes(floatTensor('a', [2], [1, 2]), floatTensor('b', [2], [1, 2]))).toBe(true);
    expect(equalBytes(floatTensor('a', [2], [1, 2]), floatTensor('a', [2], [1, 3]))).toBe(false);
    expect(equalBytes(texts('a', 'b'), texts('a', 'b'))).toBe(true);
    expect(equalBytes(texts('a', 'b'), texts('a', 'c'))).toBe(false);
    expect(equalBytes(texts('a'), floatTensor('a', [1], [0]))).toBe(false);
  });
});

describe('weightDistance', () => {
  it('tells zeros and how far a weight moved', () => {
    const far = weightDistance(floatTensor('a', [4], [3, 0, 4, 0]), floatTensor('b', [2, 2], [3, 0, 0, 0]));
    expect(far).toEqual({ zeros: { before: 0.5, after: 0.75 }, distance: 4 / 5 });
    expect(weightDistance(floatTensor('a', [1], [0]), floatTensor('b', [1], [1]))?.distance).toBeNull();
    expect(weightDistance(floatTensor('a', [2], [1, 2]), int64Tensor('b', [1], [1]))).toBeNull();
    const turned = floatTensor('b', [3, 1, 2], [1, 2, 3, 4, 5, 6]);
    expect(weightDistance(floatTensor('a', [2, 3], [1, 3, 5, 2, 4, 6]), turned)).toBeNull();
  });

  it('reads across windows', () => {
    const many = 1_500_000;
    const [a, b] = [new Float32Array(many).fill(1), new Float32Array(many).fill(1)];
    b[many - 1] = 0;
    const far = weightDistance(floatTensor('a', [many], a), floatTensor('b', [many], b));
    expect(far?.zeros.after).toBe(1 / many);
    expect(far?.distance).toBeCloseTo(Math.sqrt(1 / many), 12);
    expect(equalBytes(floatTensor('a', [many], a), floatTensor('b', [many], b))).toBe(false);
  });
});
