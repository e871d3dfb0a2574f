import { describe, expect, it } from 'vitest';
import type { Feeds } from '../../../src-main/onnx/ir';
import { withoutPadding } from '../../../src-main/quantize/padding';
import { modelFromText } from '../../support/model-from-text';

const inputs = (length: string) =>
  modelFromText(
    `g (int64[N,${length}] attention_mask, int64[N,${length}] ids, float[N,3] other) => (int64[N,${length}] y) { y = Mul(ids, attention_mask) }`,
  ).graph.inputs;

const int64 = (shape: number[], data: number[]) => ({
  dtype: 'int64' as const,
  shape,
  data: BigInt64Array.from(data.map(BigInt)),
});
const feeds = (mask: number[]): Feeds => ({
  attention_mask: int64([2, 4], mask),
  ids: int64([2, 4], [1, 2, 3, 4, 5, 6, 7, 8]),
  other: { dtype: 'float32', shape: [2, 3], data: new Float32Array(6) },
});

describe('padding', () => {
  it('leaves out the columns that no row uses', () => {
    const given = feeds([1, 0, 0, 0, 1, 1, 0, 0]);
    const cut = withoutPadding(given, inputs('T'));
    expect(cut.ids).toEqual(int64([2, 2], [1, 2, 5, 6]));
    expect(cut.attention_mask).toEqual(int64([2, 2], [1, 0, 1, 1]));
    expect(cut.other).toBe(given.other);
  });

  it('keeps what stands before a used column', () => {
    const given = feeds([0, 0, 0, 1, 1, 1, 0, 0]);
    expect(withoutPadding(given, inputs('T'))).toBe(given);
  });

  it('keeps all where the model fixes the length, and where nothing is used', () => {
    const fixed = feeds([1, 0, 0, 0, 1, 1, 0, 0]);
    expect(withoutPadding(fixed, inputs('4'))).toBe(fixed);
    const none = feeds([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(withoutPadding(none, inputs('T'))).toBe(none);
  });
});
