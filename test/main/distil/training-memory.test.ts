import { describe, expect, it } from 'vitest';
import { optimizers } from '../../../src-main/distil/optimizers';
import { buildTrainingGraph } from '../../../src-main/distil/training-graph';
import { checkMemory, largestBatch, peakOfValues, stepMemory } from '../../../src-main/distil/training-memory';
import { modelFromText, randomTensor } from '../../support/model-from-text';

const training = () =>
  buildTrainingGraph({
    model: modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 100] x) => (float[N, 10] y) {
         h = MatMul(x, first)
         r = Relu(h)
         y = MatMul(r, second)
       }`,
      [randomTensor('first', [100, 1000], 1), randomTensor('second', [1000, 10], 2)],
    ),
    statistics: [],
    trainable: ['first', 'second'],
    output: 'y',
    loss: [{ name: 'cross-entropy', weight: 1 }],
    temperature: 1,
    optimizer: optimizers[0] as (typeof optimizers)[number],
    weightDecay: 0,
    clipNorm: 0,
    masks: new Map(),
    accumulate: false,
  });

describe('peakOfValues', () => {
  it('is the largest sum of values between their maker and their last reader', () => {
    const { graph } = modelFromText(`<ir_version: 10, opset_import: ["" : 18]>
      g (float[1] x) => (float[1] d) {
        a = Relu(x)
        b = Relu(a)
        c = Relu(b)
        d = Add(c, b)
      }`);
    const bytes: Readonly<Record<string, number>> = { a: 10, b: 2, c: 3, d: 1 };
    // a+b = 12, then b+c = 5, then b+c+d = 6.
    expect(peakOfValues(graph, (name) => bytes[name] ?? 0)).toBe(12);
  });
});

describe('stepMemory', () => {
  it('holds weights five times over, and the activations by the sample', async () => {
    const graph = await training();
    const parameters = 4 * (100 * 1000 + 1000 * 10);
    const [few, many] = [await stepMemory(graph, 10), await stepMemory(graph, 1010)];
    // Parameters and two states, the best weights; then gradients and new parameters and states on the way.
    expect(few).toBeGreaterThan(6 * parameters);
    expect(few).toBeLessThan(12 * parameters);
    // Of the wide layer: h and r, the mask of Relu (a byte) and as floats, and gradients of both.
    const perSample = (many - few) / 1000;
    expect(perSample).toBeGreaterThan(2 * 4 * 1000);
    expect(perSample).toBeLessThan(6 * 4 * 1000);
  });
});

describe('largestBatch', () => {
  it('fills the limit by what one sample adds', () => {
    expect(largestBatch({ batch: 1, bytes: 110 }, { batch: 11, bytes: 210 }, 150)).toBe(5);
  });

  it('is none where a single sample is too much', () => {
    expect(largestBatch({ batch: 1, bytes: 110 }, { batch: 11, bytes: 210 }, 100)).toBe(0);
  });
});

describe('checkMemory', () => {
  it('names the memory needed and a batch that fits, which then passes', async () => {
    const graph = await training();
    const limit = 20e6;
    const refusal = await checkMemory(graph, 4096, limit).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refusal).toMatch(/a batch of 4096: needs about \d+ MB for a training step, and 20 MB are free/);
    const fitting = Number(/a batch of (\d+) fits; accumulate=/.exec(refusal)?.[1]);
    await checkMemory(graph, fitting, limit);
    await expect(checkMemory(graph, Math.ceil(1.5 * fitting), limit)).rejects.toThrow(/fits/);
  });

  it('says so where a single sample does not fit', async () => {
    await expect(checkMemory(await training(), 8, 1e6)).rejects.toThrow(/even a single sample needs \d+ MB/);
  });
});
