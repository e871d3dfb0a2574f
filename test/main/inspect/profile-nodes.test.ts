import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { randomFeeds } from '../../../src-main/data/random-feeds';
import { profileNodes } from '../../../src-main/inspect';
import { readModel } from '../../../src-main/onnx/file';

const path = fileURLToPath(new URL('../../models/emoji-resnet/model-bn.onnx', import.meta.url));

it('gives every convolution the time of the kernel that took it in', async () => {
  const model = await readModel(join(path));
  const feeds = randomFeeds(model, { dims: {}, batch: 1, seed: 1 });
  const profile = await profileNodes(model, feeds, unwatched(), { runs: 5 });
  const convolutions = model.graph.nodes.filter(({ opType }) => opType === 'Conv');
  for (const { name } of convolutions) expect(profile.kernelOf.get(name)?.milliseconds, name).toBeGreaterThan(0);
  // Folded into the convolution before it, so it has that one's time.
  const norm = model.graph.nodes.find(({ opType }) => opType === 'BatchNormalization');
  const conv = model.graph.nodes.find(({ outputs }) => outputs[0] === norm?.inputs[0]);
  expect(profile.kernelOf.get(norm?.name ?? '')).toBe(profile.kernelOf.get(conv?.name ?? ''));
  // A ResNet spends its time in convolutions.
  const inConvolutions = profile.kernels.filter(({ op }) => op.endsWith('Conv')).reduce((sum, k) => sum + k.share, 0);
  expect(inConvolutions).toBeGreaterThan(0.5);
  expect(profile.kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
});

it('stops when it is told to', async () => {
  const model = await readModel(path);
  const feeds = randomFeeds(model, { dims: {}, batch: 1, seed: 1 });
  const work = { ...unwatched(), signal: AbortSignal.abort() };
  await expect(profileNodes(model, feeds, work)).rejects.toThrow(/abort/i);
});
