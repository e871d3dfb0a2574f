import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type Progress, unwatched } from '../../../src-main/contract';
import { readModel, readTensorBytes } from '../../../src-main/onnx/file';
import { runRecipe } from '../../../src-main/recipe';
import { temporaryFolder } from '../../support/folder';
import { openFor } from '../../support/tiny-dataset';

const digits = fileURLToPath(new URL('../../samples/digits/model.onnx', import.meta.url));
const context = () => ({ ...unwatched(), dims: {}, workDir: temporaryFolder() });
const prune = (sparsity: number, targets = {}) => ({ kind: 'prune', options: { sparsity }, targets });

it('runs the steps in order, each on the model of the one before, and logs them', async () => {
  const model = await readModel(digits);
  const { steps, model: made } = await runRecipe(model, { steps: [prune(0.3), prune(0.6)] }, context());
  expect(steps.map(({ kind, method, options, changed }) => [kind, method, options.sparsity, changed])).toEqual([
    ['prune', 'magnitude', 0.3, 5],
    ['prune', 'magnitude', 0.6, 5],
  ]);
  expect(steps[1]?.notes[0]).toMatch(/\(60\.0 %, .* of them before this step\)/);
  expect(made).not.toBe(model);
});

it('fails where a step changed nothing, and names step and reasons', async () => {
  const model = await readModel(digits);
  const run = runRecipe(model, { steps: [prune(0.5), prune(0.2)] }, context());
  await expect(run).rejects.toThrow(
    /^step 2 \(prune magnitude\): changed nothing: 5 places were eligible; skipped "[^"]+" and 4 more: none of its values/,
  );
  const none = runRecipe(model, { steps: [prune(0.5, { include: ['nowhere'] })] }, context());
  await expect(none).rejects.toThrow(/changed nothing: 0 places were eligible; widen the targets/);
});

it('leaves the source model as it was', async () => {
  const model = await readModel(digits);
  const tensors = [...model.graph.initializers.values()];
  const before = tensors.map((tensor) => readTensorBytes(tensor).slice());
  await runRecipe(model, { steps: [prune(0.5)] }, context());
  expect([...model.graph.initializers.values()]).toEqual(tensors);
  expect(tensors.map((tensor) => readTensorBytes(tensor))).toEqual(before);
});

it('tells progress that only grows and says which step it is', async () => {
  const told: Progress[] = [];
  const model = await readModel(digits);
  const { signal } = unwatched();
  await runRecipe(
    model,
    { steps: [prune(0.3), prune(0.6)] },
    { ...context(), signal, progress: (progress) => told.push(progress) },
  );
  const fractions = told.map(({ fraction }) => fraction as number);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
  expect(told[0]?.phase).toBe('Step 1 of 2 (prune magnitude): Pruning');
  expect(told.at(-1)?.phase).toBe('Step 2 of 2 (prune magnitude): Pruning');
});

it('stops between steps when it is told to', async () => {
  const model = await readModel(digits);
  const stop = new AbortController();
  const progress = ({ phase }: Progress) => {
    if (phase.startsWith('Step 2')) stop.abort();
  };
  const run = runRecipe(model, { steps: [prune(0.3), prune(0.6)] }, { ...context(), signal: stop.signal, progress });
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
});

// Linux alone has a device that is always full.
it.runIf(process.platform === 'linux')('tells a full disk as a sentence with the step', async () => {
  const model = await readModel(digits);
  const cacheDir = temporaryFolder();
  const dataset = await openFor(digits, dirname(digits));
  const steps = [{ kind: 'distil', method: 'fine-tune', options: { epochs: 1, checkpointSeconds: 0 } }];
  await runRecipe(model, { steps }, { ...context(), cacheDir, dataset });
  const [state] = readdirSync(cacheDir).filter((name) => name.endsWith('.state'));
  rmSync(join(cacheDir, state as string));
  symlinkSync('/dev/full', join(cacheDir, `${state}.partial`));
  await expect(runRecipe(model, { steps }, { ...context(), cacheDir, dataset })).rejects.toThrow(
    /^step 1 \(distil fine-tune\): what it writes on the way: the disk is full; free some space/,
  );
  expect(readdirSync(cacheDir).filter((name) => name.endsWith('.partial'))).toEqual([]);
});
