import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src-main/distil/checkpoint';
import type { TrainingState } from '../../../src-main/distil/training-state';
import { temporaryFolder } from '../../support/folder';
import { floats } from '../../support/run-emitted';

const tensors = (name: string, values: readonly number[]) => new Map([[name, floats([1, values.length], values)]]);
const state: TrainingState = {
  epoch: 2,
  step: 25,
  stepInEpoch: 5,
  lossSum: 1 / 3,
  seconds: 1.5,
  weights: tensors('w', [1, 2]),
  optimizer: tensors('w:mean', [3, 4]),
  average: tensors('w', [5, 6]),
  best: { validation: 0.1, accuracy: 0.9, epoch: 1, averaged: true, weights: tensors('w', [7, 8]) },
  history: [{ epoch: 1, loss: 0.7, validation: 0.1, accuracy: 0.9, learningRate: 0.01, samplesPerSecond: 100 }],
  losses: Array.from({ length: 25 }, (_, at) => 1 / (at + 3)),
};

const saved = async () => {
  const folder = temporaryFolder();
  const store = openCheckpoint(folder, 'a'.repeat(64));
  await store.save(state);
  return { store, folder, path: join(folder, readdirSync(folder)[0] as string) };
};

describe('a checkpoint', () => {
  it('gives back what was saved, to the bit', async () => {
    expect(await (await saved()).store.load()).toEqual(state);
  });

  it('reads a header of any length', async () => {
    const { store } = await saved();
    const history = Array.from({ length: 3000 }, (_, at) => ({ ...state.history[0], epoch: at }) as never);
    await store.save({ ...state, history });
    expect(await store.load()).toEqual({ ...state, history });
  });

  it('leaves one whole file and no partial one', async () => {
    const { store, folder } = await saved();
    await store.save({ ...state, step: 26 });
    expect(readdirSync(folder)).toHaveLength(1);
    expect((await store.load())?.step).toBe(26);
  });

  it('is not there where nothing was saved, and for another key', async () => {
    const { folder } = await saved();
    expect(await openCheckpoint(folder, 'b'.repeat(64)).load()).toBeNull();
  });

  it('takes a file of another form for none', async () => {
    const { store, path } = await saved();
    writeFileSync(path, `lathe-checkpoint 1\n${readFileSync(path, 'latin1').slice(19)}`, 'latin1');
    expect(await store.load()).toBeNull();
  });

  it('says of a file that was cut that it ends too early', async () => {
    const { store, path } = await saved();
    truncateSync(path, readFileSync(path).length - 1);
    await expect(store.load()).rejects.toThrow(/ends too early/);
  });
});
