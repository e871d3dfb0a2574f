import { describe, expect, it } from 'vitest';
import { batches, type Dataset, joinRows, type Split, takeRows } from '../../../src-main/data';
import type { NdArray } from '../../../src-main/onnx/ir';
import { modelFromText } from '../../support/model-from-text';
import { tinyDataset } from '../../support/tiny-dataset';

const rows = (count: number): NdArray => ({
  dtype: 'float32',
  shape: [count, 2],
  data: Float32Array.from({ length: 2 * count }, (_, at) => at),
});

async function walk(batch: string, count: number, options: Parameters<typeof batches>[2]): Promise<number[][]> {
  const model = modelFromText(`g (float[${batch}, 2] x) => (float[${batch}, 2] y) { y = Relu (x) }`);
  const dataset: Dataset = await tinyDataset(model, { x: rows(count) });
  const seen: number[][] = [];
  for await (const { first, size, feeds } of batches(dataset, dataset.calibration as Split, options))
    seen.push([first, size, feeds.x?.shape[0] ?? 0]);
  return seen;
}

describe('batches', () => {
  it('go through all samples, the last with what is left', async () => {
    expect(await walk('N', 5, { size: 2 })).toEqual([
      [0, 2, 2],
      [2, 2, 2],
      [4, 1, 1],
    ]);
    expect(await walk('N', 5, { size: 2, limit: 3 })).toEqual([
      [0, 2, 2],
      [2, 1, 1],
    ]);
  });

  it('fill the last feed up where the model fixes its batch', async () => {
    expect(await walk('3', 4, { size: 2 })).toEqual([
      [0, 3, 3],
      [3, 1, 3],
    ]);
  });

  it('stop when asked to', async () => {
    await expect(walk('N', 5, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('rows', () => {
  it('are taken in the order asked for, texts too, and joined again', () => {
    expect([...takeRows(rows(3), [2, 0]).data]).toEqual([4, 5, 0, 1]);
    const texts: NdArray = { dtype: 'string', shape: [2], data: ['a', 'b'] };
    expect(takeRows(texts, [1, 1, 0]).data).toEqual(['b', 'b', 'a']);
    expect(joinRows([takeRows(rows(3), [0, 1]), takeRows(rows(3), [2])])).toEqual(rows(3));
    expect(() => takeRows(rows(3), [3])).toThrow('row 3 of 3');
  });
});
