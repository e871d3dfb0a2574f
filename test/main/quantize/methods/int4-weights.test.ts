import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { readModel, readTensorBytes } from '../../../../src-main/onnx/file';
import { type Model, type Tensor, tensorFromArray } from '../../../../src-main/onnx/ir';
import { quantizeStep } from '../../../../src-main/quantize/step';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { float32 } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';
import { openFor } from '../../../support/tiny-dataset';

function quantize(model: Model, method: string, options: Record<string, unknown> = {}, more = {}) {
  const spec = quantizeStep.methods.find(({ name }) => name === method);
  return quantizeStep.run(
    model,
    method,
    resolveOptions(spec?.options ?? {}, options, 'test'),
    {},
    stepContext(model, more),
  );
}

const layers = modelFromText(
  `g (float[N,64] x, int64[N] ids) => (float[N,32] y, float[N,32] z, float[N,64] e) {
    y = MatMul(x, w)
    z = Gemm <transB = 1> (x, v, b)
    e = Gather(table, ids)
  }`,
  [
    randomTensor('w', [64, 32], 1),
    randomTensor('v', [32, 64], 2),
    randomTensor('b', [32], 3),
    randomTensor('table', [300, 64], 4),
  ],
);

describe.each([
  { method: 'int8-weights', options: { block: 32 }, tolerance: 0.02 },
  { method: 'int4-weights', options: {}, tolerance: 0.2 },
  { method: 'int4-weights', options: { algorithm: 'nearest', zeroPoints: 'none', block: 16 }, tolerance: 0.2 },
  { method: 'int4-weights', options: { algorithm: 'hqq' }, tolerance: 0.2 },
  { method: 'int4-weights', options: { algorithm: 'nearest', zeroPoints: 'float' }, tolerance: 0.2 },
])('$method $options', ({ method, options, tolerance }) => {
  it('runs in onnxruntime and stays near: a 64-term sum of steps of a 2^bits-th of about 4σ', async () => {
    const { model, changed } = await quantize(layers, method, options);
    expect(changed).toBe(3);
    const own = model.graph.nodes.filter(({ domain }) => domain === 'com.microsoft');
    expect(own.map((node) => node.opType).sort()).toEqual(['GatherBlockQuantized', 'MatMulNBits', 'MatMulNBits']);
    await expectSameOutputs(layers, model, { tolerance, dims: { N: 4 } });
    await expect(expectSameOutputs(layers, model, { tolerance: tolerance / 100, dims: { N: 4 } })).rejects.toThrow();
  });
});

describe('int4-weights', () => {
  it('names a weight that is not finite', async () => {
    const model = modelFromText('g (float[N,16] x) => (float[N,2] y) { y = MatMul(x, w) }', [
      tensorFromArray(
        'w',
        float32(
          [16, 2],
          Array.from({ length: 32 }, (_, at) => (at === 7 ? Number.NaN : at)),
        ),
      ),
    ]);
    for (const algorithm of ['nearest', 'k-quant', 'hqq']) {
      // Weights are rounded one at a time, when they are written.
      const { model: made } = await quantize(model, 'int4-weights', { algorithm });
      const codes = made.graph.initializers.get('w_codes') as Tensor;
      expect(() => readTensorBytes(codes)).toThrow(/^weight "w": 1 of its elements are NaN or infinite/);
    }
  });

  it('leaves alone what has no elements or is quantized, and says what the model holds', async () => {
    const text = 'g (float[N,16] x) => (float[N,0] y) { [empty] y = MatMul(x, w) }';
    const empty = modelFromText(text, [tensorFromArray('w', float32([16, 0], []))]);
    await expect(quantize(empty, 'int4-weights')).rejects.toThrow(
      /nothing changed: "empty": its weight has no elements/,
    );
    const { model } = await quantize(layers, 'int4-weights');
    await expect(quantize(model, 'int4-weights')).rejects.toThrow(
      /no node that this method could change \(it holds uint8 already: take the float32 model that it was made from\)/,
    );
  });

  it('does not take zeros for a grid, whose zero points would only cost', async () => {
    const zeros = tensorFromArray('w', float32([64, 8], new Array(512).fill(0)));
    const model = modelFromText('g (float[N,64] x) => (float[N,8] y) { y = MatMul(x, w) }', [zeros]);
    const { model: made, notes } = await quantize(model, 'int4-weights');
    expect(made.graph.nodes.map(({ opType }) => opType)).toEqual(['MatMulNBits']);
    expect(notes.join(' ')).not.toMatch(/on a grid/);
  });

  it('by GPTQ reads the calibration samples and gives the same bytes again', async () => {
    const folder = fileURLToPath(new URL('../../../models/langid-transformer', import.meta.url));
    const model = await readModel(`${folder}/model.onnx`);
    const dataset = await openFor(`${folder}/model.onnx`, folder);
    const codes = async () => {
      const { model: made } = await quantize(model, 'int4-weights', { algorithm: 'gptq', samples: 8 }, { dataset });
      const names = [...made.graph.initializers.keys()].filter((name) => name.endsWith('_codes'));
      return names.map((name) =>
        Buffer.from(readTensorBytes(made.graph.initializers.get(name) as never)).toString('base64'),
      );
    };
    const first = await codes();
    expect(first.length).toBeGreaterThan(10);
    expect(await codes()).toEqual(first);
  });

  it('asks GPTQ for data, and refuses a block that no kernel has', async () => {
    await expect(quantize(layers, 'int4-weights', { algorithm: 'gptq' })).rejects.toThrow(/needs calibration data/);
    await expect(quantize(layers, 'int4-weights', { block: 48 })).rejects.toThrow(
      /expects 16, 32, 64, 128 or 256, got 48/,
    );
  });
});
