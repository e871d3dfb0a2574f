import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { blockCodes } from '../../../../src-main/distil/quantized/block-codes';
import { fixedScales, learnedScales } from '../../../../src-main/distil/quantized/learned-scales';
import { readTensorBytes } from '../../../../src-main/onnx/file';
import type { Model } from '../../../../src-main/onnx/ir';
import { quantizeStep } from '../../../../src-main/quantize/step';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { stepContext } from '../../../support/step-context';

/** 40 inputs: the second block of 32 has 24 that are not there. */
const product = modelFromText(
  `<ir_version: 10, opset_import: ["" : 21]>
   g (float[N, 40] x) => (float[N, 6] y) { y = MatMul(x, w) }`,
  [randomTensor('w', [40, 6], 1)],
);

async function quantized(options: Record<string, unknown>): Promise<Model> {
  const spec = quantizeStep.methods.find(({ name }) => name === 'block-weights');
  const resolved = resolveOptions(spec?.options ?? {}, { algorithm: 'nearest', ...options }, 'options');
  return (await quantizeStep.run(product, 'block-weights', resolved, {}, stepContext(product))).model;
}

const bytesOf = (model: Model) =>
  [...model.graph.initializers].map(([name, tensor]) => [name, Array.from(readTensorBytes(tensor))] as const);

const forms = [
  ['4 bits with zero points', { bits: '4', zeroPoints: 'integer' }],
  ['4 bits without', { bits: '4', zeroPoints: 'none' }],
  ['8 bits without', { bits: '8', zeroPoints: 'none' }],
  ['2 bits with zero points', { bits: '2', zeroPoints: 'integer' }],
  ['4 bits as plain ONNX', { bits: '4', zeroPoints: 'integer', form: 'dequantize-linear' }],
  ['4 bits as plain ONNX, signed', { bits: '4', zeroPoints: 'none', form: 'dequantize-linear' }],
] as const;

describe('weights of few bits made trainable', () => {
  it.each(forms)('give the outputs of the codes: %s', async (_, options) => {
    const model = await quantized({ ...options, floatActivations: true });
    const { model: trainable, count } = blockCodes(model, () => true);
    expect(count).toBe(1);
    // Sums of 40 products in another order.
    await expectSameOutputs(model, trainable, { tolerance: 1e-5, dims: { N: 3 } });
  });

  it.each(forms)('give the codes back, where nothing was learned: %s', async (_, options) => {
    const model = await quantized(options);
    const found = blockCodes(model, () => true);
    for (const scales of [fixedScales(found.model), learnedScales(found.model)]) {
      const codes = found.codes(scales.model, (name) => scales.scaleOf(scales.model, name));
      const initializers = new Map([...model.graph.initializers, ...codes]);
      const before = bytesOf(model).filter(([name]) => !name.includes('scales'));
      const after = bytesOf({ ...model, graph: { ...model.graph, initializers } });
      expect(after.filter(([name]) => !name.includes('scales'))).toEqual(before);
    }
  });

  it('leaves what is not among the targets', async () => {
    const found = blockCodes(await quantized({}), () => false);
    expect(found.count).toBe(0);
    expect(found.skipped[0]?.reason).toContain('frozen');
  });
});
