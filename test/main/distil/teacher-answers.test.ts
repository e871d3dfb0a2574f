import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { boundFiles } from '../../../src-main/distil/bounded-files';
import { type Forward, openForward } from '../../../src-main/distil/forward';
import type { TrainingSamples } from '../../../src-main/distil/samples';
import { answersKey, teacherAnswers } from '../../../src-main/distil/teacher-answers';
import { type Feeds, int64Tensor, tensorFromArray } from '../../../src-main/onnx/ir';
import { temporaryFolder } from '../../support/folder';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { floats } from '../../support/run-emitted';

const count = 7;
const samples: TrainingSamples = {
  split: 'train',
  training: Int32Array.of(0, 1, 2, 3, 4),
  validation: Int32Array.of(5, 6),
  largestLabel: -1,
  gather: (rows) => ({ feeds: { x: floats([rows.length], Array.from(rows)) }, labels: null, size: rows.length }),
};

const tens = modelFromText(
  `<ir_version: 10, opset_import: ["" : 18]>
   g (float[N] x) => (float[N, 2] y) { column = Unsqueeze(x, last)  rows = MatMul(column, ten)  y = Add(rows, ones) }`,
  [
    int64Tensor('last', [1], [1]),
    tensorFromArray('ten', floats([1, 2], [10, 10])),
    tensorFromArray('ones', floats([2], [0, 1])),
  ],
);

/** Says 10·row and 10·row + 1; counts what it is asked. */
async function teacher(): Promise<Forward & { asked: number }> {
  const forward = await openForward(tens, 'y', [], 2, 'teacher');
  const counting = {
    asked: 0,
    logits: (feeds: Feeds) => {
      counting.asked += 1;
      return forward.logits(feeds);
    },
    all: (feeds: Feeds) => forward.all(feeds),
    release: () => forward.release(),
  };
  return counting;
}

const answersIn = (folder: string | undefined, from: Forward, key = 'k'.repeat(64)) =>
  teacherAnswers(from, samples, 2, 3, { folder, key }, unwatched());

describe('teacherAnswers', () => {
  it.each([
    ['in memory', undefined],
    ['on disk', 'folder'],
  ])('gives the rows that are asked for, %s', async (_, where) => {
    const answers = await answersIn(where === undefined ? undefined : temporaryFolder(), await teacher());
    const found = await answers(Int32Array.of(6, 0, 3), {});
    expect(found).toEqual(floats([3, 2], [60, 61, 0, 1, 30, 31]));
  });

  it('asks the same teacher on the same data no second time', async () => {
    const folder = temporaryFolder();
    await answersIn(folder, await teacher());
    const again = await teacher();
    const answers = await answersIn(folder, again);
    await answers(Int32Array.of(1), {});
    // Once, for the size of an answer.
    expect(again.asked).toBe(1);
    const other = await teacher();
    await answersIn(folder, other, 'o'.repeat(64));
    expect(other.asked).toBe(1 + Math.ceil(count / 3));
  });

  it('leaves nothing behind where it is stopped, and a cut file is asked for again', async () => {
    const folder = temporaryFolder();
    const stop = new AbortController();
    stop.abort();
    const stopped = teacherAnswers(
      await teacher(),
      samples,
      2,
      3,
      { folder, key: 'k' },
      { progress: () => {}, signal: stop.signal },
    );
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(readdirSync(folder)).toEqual([]);
    await answersIn(folder, await teacher());
    const path = join(folder, readdirSync(folder)[0] as string);
    writeFileSync(path, readFileSync(path).subarray(0, 8));
    const again = await teacher();
    await answersIn(folder, again);
    expect(again.asked).toBeGreaterThan(1);
    expect(statSync(path).size).toBe(4 * 2 * count);
  });
});

describe('answersKey', () => {
  const model = (seed: number) =>
    modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]> g (float[N, 4] x) => (float[N, 3] y) { y = MatMul(x, w) }`,
      [randomTensor('w', [4, 3], seed)],
    );

  it('is of weights, output, data and split', () => {
    const keys = [
      answersKey(model(1), 'y', 'data', 'train'),
      answersKey(model(2), 'y', 'data', 'train'),
      answersKey(model(1), 'z', 'data', 'train'),
      answersKey(model(1), 'y', 'other', 'train'),
      answersKey(model(1), 'y', 'data', 'calibration'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(answersKey(model(1), 'y', 'data', 'train')).toBe(keys[0]);
  });
});

describe('boundFiles', () => {
  it('lets the oldest go, others alone, and the latest in peace', () => {
    const folder = temporaryFolder();
    ['a', 'b', 'c'].forEach((name, at) => {
      writeFileSync(join(folder, `${name}.x`), Buffer.alloc(10));
      utimesSync(join(folder, `${name}.x`), 1000 + at, 1000 + at);
    });
    writeFileSync(join(folder, 'other'), Buffer.alloc(100));
    boundFiles(folder, (name) => name.endsWith('.x'), 25, 'c.x');
    expect(readdirSync(folder).sort()).toEqual(['b.x', 'c.x', 'other']);
    boundFiles(folder, (name) => name.endsWith('.x'), 5, 'c.x');
    expect(readdirSync(folder).sort()).toEqual(['c.x', 'other']);
  });
});
