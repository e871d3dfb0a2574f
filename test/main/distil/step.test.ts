import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../../src-main/contract';
import { openDataset } from '../../../src-main/data';
import type { Dataset } from '../../../src-main/data/dataset';
import { distilStep } from '../../../src-main/distil/step';
import { Random } from '../../../src-main/kernels/random';
import { readModel, readTensor } from '../../../src-main/onnx/file';
import { type Model, type NdArray, tensorFromArray } from '../../../src-main/onnx/ir';
import { openSession, optimizeModel } from '../../../src-main/onnx/session';
import { quantizeStep } from '../../../src-main/quantize/step';
import { temporaryFolder } from '../../support/folder';
import { stepContext } from '../../support/step-context';

const sample = fileURLToPath(new URL('../../samples/digits/', import.meta.url));
const batchNorm = fileURLToPath(new URL('../../models/mnist-cnn/model-bn.onnx', import.meta.url));
const qdq = fileURLToPath(new URL('../../models/mnist-cnn/model-qdq.onnx', import.meta.url));

let original: Model;
let dataset: Dataset;

beforeAll(async () => {
  original = await readModel(`${sample}model.onnx`);
  const session = await openSession(original);
  dataset = await openDataset(sample, session.inputs, { dims: {} });
  await session.release();
});

const run = (
  model: Model,
  method: string,
  given: Record<string, unknown>,
  more: Parameters<typeof stepContext>[1] = {},
) => {
  const spec = distilStep.methods.find((each) => each.name === method);
  const options = resolveOptions(spec?.options ?? {}, given, 'options');
  return distilStep.run(model, method, options, {}, stepContext(original, { dataset, ...more }));
};

/** Matrices and kernels moved by normal noise of the given size relative to each tensor's own spread. */
function disturbed(model: Model, amount: number): Model {
  const random = new Random(1);
  const initializers = new Map(model.graph.initializers);
  for (const [name, tensor] of initializers) {
    if (tensor.dtype !== 'float32' || tensor.shape.length < 2) continue;
    const values = readTensor(tensor) as NdArray<'float32'>;
    const spread = Math.hypot(...values.data) / Math.sqrt(values.data.length);
    const data = values.data.map((value) => value + amount * spread * random.normal());
    initializers.set(name, tensorFromArray(name, { ...values, data }));
  }
  return { ...model, graph: { ...model.graph, initializers } };
}

async function accuracy(model: Model): Promise<number> {
  const session = await openSession(model);
  const test = await dataset.test?.read(0, 400);
  const labels = (await dataset.test?.array('labels'))?.data as BigInt64Array;
  const scores = Object.values(await session.run(test?.feeds ?? {}))[0]?.data as Float32Array;
  await session.release();
  let right = 0;
  for (let row = 0; row < 400; row++) {
    const row10 = Array.from(scores.subarray(row * 10, row * 10 + 10));
    if (row10.indexOf(Math.max(...row10)) === Number(labels[row])) right += 1;
  }
  return right / 400;
}

/** Operators that onnxruntime makes of a model. */
async function kernels(model: Model): Promise<string[]> {
  const { graph } = await optimizeModel(model, 'extended', join(temporaryFolder(), 'optimized.onnx'));
  return graph.nodes.map((node) => node.opType).sort();
}

const initializersOf = (model: Model) =>
  [...model.graph.initializers].map(
    ([name, tensor]) => [name, Array.from(readTensor(tensor).data as Float32Array)] as const,
  );

describe('the distil step', () => {
  it('brings a disturbed model back by its teacher, without labels', async () => {
    const student = disturbed(original, 1);
    const before = await accuracy(student);
    const teacher = { teacher: `${sample}model.onnx`, alpha: 1, epochs: 6, augment: 'shift' };
    const { model, changed } = await run(student, 'distil', teacher);
    expect(changed).toBe(10);
    const after = await accuracy(model);
    expect(before).toBeLessThan(0.9);
    expect(after).toBeGreaterThan(before + 0.05);
  });

  it('gives the same weights for the same seed, and others for another', async () => {
    const student = disturbed(original, 1);
    const once = initializersOf((await run(student, 'fine-tune', { epochs: 1 })).model);
    expect(initializersOf((await run(student, 'fine-tune', { epochs: 1 })).model)).toEqual(once);
    expect(initializersOf((await run(student, 'fine-tune', { epochs: 1 }, { seed: 5 })).model)).not.toEqual(once);
  });

  it('goes on after an interruption where it was, to the same weights', async () => {
    const student = disturbed(original, 1);
    const whole = initializersOf((await run(student, 'fine-tune', { epochs: 3 })).model);
    const cacheDir = temporaryFolder();
    const stop = new AbortController();
    const work = {
      ...unwatched(),
      signal: stop.signal,
      progress: (p: { detail?: string | undefined }) => p.detail?.startsWith('epoch 2') && stop.abort(),
    };
    await expect(run(student, 'fine-tune', { epochs: 3 }, { cacheDir, ...work } as never)).rejects.toThrow(/abort/i);
    expect(initializersOf((await run(student, 'fine-tune', { epochs: 3 }, { cacheDir })).model)).toEqual(whole);
  });

  it('makes the update of one large batch from several small ones', async () => {
    const student = disturbed(original, 1);
    const settings = { epochs: 1, optimizer: 'sgd', learningRate: 0.05 };
    const whole = (await run(student, 'fine-tune', { ...settings, batch: 64 })).model;
    const summed = new Map(
      initializersOf((await run(student, 'fine-tune', { ...settings, batch: 16, accumulate: 4 })).model),
    );
    const stepwise = new Map(initializersOf((await run(student, 'fine-tune', { ...settings, batch: 16 })).model));
    const apart = (others: typeof summed) =>
      Math.max(
        ...initializersOf(whole).flatMap(([name, values]) =>
          values.map((value, at) => Math.abs(value - (others.get(name)?.[at] ?? Number.NaN))),
        ),
      );
    // Sums of a batch in another order, over a score of updates: float32 leaves 1e-5 of weights of order one.
    expect(apart(summed)).toBeLessThan(1e-4);
    expect(apart(stepwise)).toBeGreaterThan(1e-3);
  });

  it('keeps the moving average where it validates better than the weights', async () => {
    // A flat, high rate leaves the weights jumping about a good place, which their average is nearer to.
    const wild = { epochs: 6, learningRate: 0.008, schedule: 'constant', batch: 16, average: 0.98 };
    const { notes } = await run(disturbed(original, 1), 'fine-tune', wild);
    expect(notes.join(' ')).toMatch(/whose averaged weights are kept/);
  });

  it('holds zeros at zero when it recovers', async () => {
    const initializers = new Map(original.graph.initializers);
    for (const [name, tensor] of initializers) {
      const values = readTensor(tensor) as NdArray<'float32'>;
      if (tensor.shape.length < 2) continue;
      const limit = Array.from(values.data, Math.abs).sort((a, b) => a - b)[
        Math.floor(0.9 * values.data.length)
      ] as number;
      initializers.set(
        name,
        tensorFromArray(name, { ...values, data: values.data.map((value) => (Math.abs(value) < limit ? 0 : value)) }),
      );
    }
    const pruned = { ...original, graph: { ...original.graph, initializers } };
    const { model } = await run(pruned, 'recover', { epochs: 4 });
    for (const [name, tensor] of initializers) {
      if (tensor.shape.length < 2) continue;
      const after = readTensor(model.graph.initializers.get(name) as typeof tensor).data as Float32Array;
      const before = readTensor(tensor).data as Float32Array;
      expect(before.every((value, at) => value !== 0 || after[at] === 0)).toBe(true);
    }
    expect(await accuracy(model)).toBeGreaterThan(await accuracy(pruned));
  });

  it('trains through Q/DQ and keeps the quantized form', async () => {
    const quantized = await readModel(qdq);
    const { model } = await run(quantized, 'qat', { epochs: 2 });
    const forms = (each: Model) =>
      [...each.graph.initializers].map(([name, tensor]) => `${name} ${tensor.dtype} ${tensor.shape}`);
    expect(forms(model)).toEqual(forms(quantized));
    expect(model.graph.nodes.map((node) => node.opType)).toEqual(quantized.graph.nodes.map((node) => node.opType));
    expect(initializersOf(model)).not.toEqual(initializersOf(quantized));
    expect(await accuracy(model)).toBeGreaterThan(0.95);
  });

  it('learns the scales of Q/DQ pairs, biases with them, and leaves every node as it was', async () => {
    const quantized = await readModel(qdq);
    const { model } = await run(quantized, 'qat', { epochs: 2, learnScales: true });
    const fixed = await run(quantized, 'qat', { epochs: 2, learnScales: false });
    expect(model.graph.nodes).toEqual(quantized.graph.nodes);
    const floats = (each: Model) =>
      initializersOf(each).filter(([name]) => each.graph.initializers.get(name)?.dtype === 'float32');
    expect(floats(model)).not.toEqual(floats(quantized));
    expect(floats(fixed.model)).toEqual(floats(quantized));
    const fused = await kernels(quantized);
    expect(fused).toContain('QLinearConv');
    expect(await kernels(model)).toEqual(fused);
    expect(await accuracy(model)).toBeGreaterThan(0.95);
  });

  it('trains weights of four bits in blocks and keeps their form', async () => {
    const spec = quantizeStep.methods.find((each) => each.name === 'int4-weights');
    const chosen = resolveOptions(spec?.options ?? {}, { block: 16, algorithm: 'nearest' }, 'options');
    const quantized = (await quantizeStep.run(original, 'int4-weights', chosen, {}, stepContext(original))).model;
    const { model, changed } = await run(quantized, 'qat', { epochs: 6, learningRate: 1e-3 });
    expect(changed).toBeGreaterThan(0);
    expect(model.graph.nodes).toEqual(quantized.graph.nodes);
    const codes = (each: Model) => initializersOf(each).filter(([name]) => name.includes('codes'));
    expect(codes(quantized).length).toBeGreaterThan(0);
    expect(codes(model)).not.toEqual(codes(quantized));
    expect(await accuracy(model)).toBeGreaterThanOrEqual((await accuracy(quantized)) - 0.005);
  });

  it('moves running statistics with the batch where it is told to', async () => {
    const normalized = disturbed(await readModel(batchNorm), 0.3);
    const { model } = await run(normalized, 'fine-tune', { epochs: 5, batchNorm: 'train', learningRate: 1e-3 });
    const statistics = normalized.graph.nodes
      .filter((node) => node.opType === 'BatchNormalization')
      .flatMap((node) => node.inputs.slice(3));
    expect(statistics.length).toBeGreaterThan(0);
    const [before, after] = [new Map(initializersOf(normalized)), new Map(initializersOf(model))];
    for (const name of statistics) expect(after.get(name)).not.toEqual(before.get(name));
    expect(await accuracy(model)).toBeGreaterThan((await accuracy(normalized)) - 0.02);
  });

  it('says that it needs a quantize step before qat', async () => {
    await expect(run(original, 'qat', {})).rejects.toThrow(
      /no int8 weights .*put a quantize step \(static-int8, int4-weights\)/,
    );
  });

  it('says that it needs samples', async () => {
    await expect(run(original, 'fine-tune', {}, { dataset: undefined } as never)).rejects.toThrow(
      /needs samples to learn from/,
    );
  });

  it('stops with the step named where the loss is no longer finite', async () => {
    const wild = {
      epochs: 4,
      learningRate: 10,
      optimizer: 'sgd',
      weightDecay: 1,
      schedule: 'constant',
      clipNorm: 0,
      warmup: 0,
    };
    await expect(run(disturbed(original, 1), 'fine-tune', wild)).rejects.toThrow(
      /no longer finite at step \d+.*lower the learning rate/,
    );
  });

  it('says that everything is frozen where the targets leave nothing', async () => {
    const spec = distilStep.methods.find((each) => each.name === 'fine-tune');
    const options = resolveOptions(spec?.options ?? {}, {}, 'options');
    const nothing = distilStep.run(
      original,
      'fine-tune',
      options,
      { include: ['no such node'] },
      stepContext(original, { dataset }),
    );
    await expect(nothing).rejects.toThrow(/every tensor is frozen/);
  });
});
