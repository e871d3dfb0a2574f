import { describe, expect, it } from 'vitest';
import type { NdArray } from '../../../src-main/onnx/ir';
import {
  type CalibrationData,
  calibrationAndJudges,
  calibrationData,
} from '../../../src-main/quantize/calibration-data';
import { modelFromText } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const model = modelFromText('g (float[N,1] x) => (float[N,1] y) { y = Relu(x) }');

async function split(samples: number, limit: number) {
  const x = float32(
    [samples, 1],
    Array.from({ length: samples }, (_, at) => at),
  );
  const context = stepContext(model, { dataset: await tinyDataset(model, { x }) });
  return calibrationAndJudges(context, 'test', limit, 16);
}

async function rows(data: CalibrationData): Promise<number[]> {
  const found: number[] = [];
  for await (const { first } of data.batches()) found.push(first);
  return found;
}

describe('samples that judge', () => {
  it('are none of those that calibrate, and a quarter at most', async () => {
    const { calibrating, judging } = await split(40, 100);
    const [seen, aside] = [await rows(calibrating), await rows(judging)];
    expect(aside).toHaveLength(10);
    expect(seen).toHaveLength(30);
    expect(new Set([...seen, ...aside]).size).toBe(40);
    expect(judging.notes).toEqual([]);
  });

  it('stay aside when few calibrate', async () => {
    const { calibrating, judging } = await split(100, 20);
    const aside = new Set(await rows(judging));
    expect(aside.size).toBe(16);
    expect((await rows(calibrating)).filter((row) => aside.has(row))).toEqual([]);
    expect(await rows(calibrating.few(5))).toHaveLength(5);
  });

  it('are the same ones where there are too few, and it says so', async () => {
    const { calibrating, judging } = await split(20, 100);
    expect(await rows(calibrating)).toHaveLength(20);
    expect(judging.notes.join()).toMatch(/20 are too few to set some aside/);
  });
});

describe('sequences', () => {
  const lengths = [2, 3, 2, 2, 3, 1];
  const text = 'g (int64[N,L] ids, int64[N,L] attention_mask) => (int64[N,L] y) { y = Mul(ids, attention_mask) }';

  async function sequences() {
    const masked = modelFromText(text);
    const each = (value: (row: number, column: number) => number) => {
      const numbers = lengths.flatMap((length, row) => [0, 1, 2, 3].map((at) => (at < length ? value(row, at) : 0)));
      return { dtype: 'int64', shape: [lengths.length, 4], data: BigInt64Array.from(numbers, BigInt) } as const;
    };
    const feeds = { ids: each((row, column) => 10 * row + column), attention_mask: each(() => 1) };
    return calibrationData(stepContext(masked, { dataset: await tinyDataset(masked, feeds) }), 'test', 100);
  }

  async function together(data: CalibrationData, first?: number): Promise<[number, number[], number[]][]> {
    const found: [number, number[], number[]][] = [];
    for await (const { feeds, size } of data.together(first)) {
      const { shape, data: numbers } = feeds.ids as NdArray<'int64'>;
      found.push([size, [...shape], [...numbers].map(Number)]);
    }
    return found;
  }

  it('of one length are run together, each once', async () => {
    expect(await together(await sequences())).toEqual([
      [3, [3, 2], [0, 1, 20, 21, 30, 31]],
      [2, [2, 3], [10, 11, 12, 40, 41, 42]],
      [1, [1, 1], [50]],
    ]);
  });

  it('go on behind those that were seen', async () => {
    const data = await sequences();
    expect(await together(data, 3)).toEqual((await together(data)).slice(1));
  });
});
