import { describe, expect, it } from 'vitest';
import { randomFeeds } from '../../../src-main/data';
import { parseModelText } from '../../../src-main/onnx/file';
import type { NdArray } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';

const options = { dims: {}, batch: 2, seed: 1 };

const embedding = parseModelText(`
<ir_version: 8, opset_import: ["" : 17]>
embed (int64[batch, length] input_ids, int64[batch, length] attention_mask, float[batch, 3] x) => (float[batch, length, 2] y, float[batch, 3] z)
<float[5, 2] table = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, int64[1] last = {-1}>
{
  ids = Cast<to: int = 7>(input_ids)
  rows = Gather<axis: int = 0>(table, ids)
  mask = Cast<to: int = 1>(attention_mask)
  wide = Unsqueeze(mask, last)
  y = Mul(rows, wide)
  z = Relu(x)
}`);

describe('random inputs', () => {
  it('draws ids below the rows of their table, masks of ones, normal numbers elsewhere', async () => {
    const feeds = randomFeeds(embedding, { ...options, dims: { length: 50 } });
    expect(feeds.input_ids?.shape).toEqual([2, 50]);
    const ids = Array.from(feeds.input_ids?.data as BigInt64Array, Number);
    expect(Math.min(...ids)).toBe(0);
    expect(Math.max(...ids)).toBe(4);
    expect(new Set(feeds.attention_mask?.data as BigInt64Array)).toEqual(new Set([1n]));
    expect(feeds.x?.shape).toEqual([2, 3]);
    expect(new Set(feeds.x?.data as Float32Array).size).toBe(6);
    const session = await openSession(embedding);
    await expect(session.run(feeds)).resolves.toBeDefined();
    await session.release();
  });

  it('gives the same for a seed', () => {
    const dims = { length: 7 };
    expect(randomFeeds(embedding, { ...options, dims })).toEqual(randomFeeds(embedding, { ...options, dims }));
    expect(randomFeeds(embedding, { ...options, dims, seed: 2 })).not.toEqual(
      randomFeeds(embedding, { ...options, dims }),
    );
  });

  it('takes the size of the batch axis from its dim, unless a batch is asked for outright', () => {
    const rows = (batch: number) =>
      randomFeeds(embedding, { dims: { length: 3, batch: 5 }, batch, seed: 0 }).x?.shape[0];
    expect(rows(1)).toBe(5);
    expect(rows(4)).toBe(4);
  });

  it('names the dim that has no size', () => {
    expect(() => randomFeeds(embedding, options)).toThrow(
      'input "input_ids": dimension "length" (axis 1) has no size; give it one (in a shell: --dim length=size)',
    );
  });

  it('refuses inputs larger than asked for, with their shape and the way out', () => {
    const large = { ...options, dims: { length: 2 ** 40 } };
    expect(() => randomFeeds(embedding, large)).toThrow(
      /input "input_ids".*\[2, 1099511627776\].*more than 67108864 elements.*--dim/,
    );
    expect(() => randomFeeds(embedding, { ...options, dims: { length: 50 }, most: 99 })).toThrow(
      /more than 99 elements/,
    );
  });

  it('takes what the graph compares an input with', async () => {
    const model = parseModelText(`
<ir_version: 8, opset_import: ["" : 17]>
rate (int64 sr) => (bool y)
<int64 known = {16000}>
{ y = Equal(sr, known) }`);
    expect(Array.from(randomFeeds(model, options).sr?.data as BigInt64Array)).toEqual([16000n]);
  });

  it('stays below the depth of a one-hot', () => {
    const model = parseModelText(`
<ir_version: 8, opset_import: ["" : 17]>
hot (int32[64] bytes) => (float[64, 3] y)
<int64 depth = {3}, float[2] values = {0, 1}>
{ y = OneHot(bytes, depth, values) }`);
    const { bytes } = randomFeeds(model, options) as { bytes: NdArray<'int32'> };
    expect(Math.max(...bytes.data)).toBe(2);
  });
});
