import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { readModel, readTensor } from '../../../src-main/onnx/file';
import { indexGraph, type Model, type NdArray } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { awqSites, bestScales, withScales } from '../../../src-main/quantize/awq';
import { type BlockFormat, roundBlocks, valuesOf } from '../../../src-main/quantize/block-codes';
import { blockLayer } from '../../../src-main/quantize/block-layers';
import { constantsOf } from '../../../src-main/quantize/constants';
import { methods } from '../../../src-main/quantize/methods';
import { relativeError } from '../../../src-main/quantize/sensitivity';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';
import { stepContext } from '../../support/step-context';
import { openFor } from '../../support/tiny-dataset';

const format: BlockFormat = { bits: 4, levelBits: 4, block: 32, zeroPoints: 'integer' };
const rounding = roundBlocks('mse');
const [inputs, outputs] = [64, 24];

/** y's input comes from a normalization; the input of z from an operator that takes no factors. */
const model = modelFromText(
  `g (float[N,${inputs}] x) => (float[N,${outputs}] y, float[N,${outputs}] z) {
    n = LayerNormalization(x, gamma, beta)
    [y] y = MatMul(n, w)
    t = Tanh(x)
    [z] z = MatMul(t, v)
  }`,
  [
    randomTensor('gamma', [inputs], 1),
    randomTensor('beta', [inputs], 2),
    randomTensor('w', [inputs, outputs], 3),
    randomTensor('v', [inputs, outputs], 4),
  ],
);

function layersOf({ graph }: Model) {
  const index = indexGraph(graph);
  const constants = constantsOf(index);
  return graph.nodes.flatMap((node) => {
    const layer = blockLayer(node, constants, false);
    return layer === null || typeof layer === 'string' ? [] : [{ layer, format }];
  });
}

/** H of 48 rows whose first four channels are twenty times the others. */
function unevenRows() {
  const rows = (readTensor(randomTensor('x', [48, inputs], 5)) as NdArray<'float32'>).data.map((value, i) =>
    i % inputs < 4 ? 20 * value : value,
  );
  const sum = new Float64Array(inputs * inputs);
  for (let row = 0; row < 48; row++)
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < inputs; j++) sum[i * inputs + j]! += rows[row * inputs + i]! * rows[row * inputs + j]!;
  const outputError = (w: Float32Array, back: Float32Array) => {
    let error = 0;
    for (let row = 0; row < 48; row++)
      for (let o = 0; o < outputs; o++) {
        let difference = 0;
        for (let i = 0; i < inputs; i++)
          difference += rows[row * inputs + i]! * (w[i * outputs + o]! - back[i * outputs + o]!);
        error += difference ** 2;
      }
    return error;
  };
  return { hessian: { groups: 1, inputs, sum }, outputError };
}

describe('activation-aware scaling', () => {
  it('is possible where a normalization makes the input, and keeps the float outputs', async () => {
    const sites = await awqSites(model, layersOf(model));
    expect(sites.map(({ layers }) => layers.map(({ layer }) => layer.node.name))).toEqual([['y']]);
    const s = Float64Array.from({ length: inputs }, (_, j) => 0.5 + (j % 7));
    const scaled = withScales(model, [{ site: sites[0]!.site, s }]);
    expect(readTensor(scaled.graph.initializers.get('w')!).data).not.toEqual(
      readTensor(model.graph.initializers.get('w')!).data,
    );
    // One more rounding of weights and factors to float32.
    await expectSameOutputs(model, scaled, { tolerance: 1e-6, dims: { N: 5 } });
  });

  it('gives the outputs a smaller error than the same rounding of the weights as they are', async () => {
    const [site] = await awqSites(model, layersOf(model));
    const { hessian, outputError } = unevenRows();
    const s = bestScales(site!, hessian, rounding) as Float64Array;
    const w = (readTensor(model.graph.initializers.get('w')!) as NdArray<'float32'>).data;
    const plain = valuesOf(rounding(w, inputs, outputs, format), inputs, outputs, format);
    const larger = w.map((value, at) => value * s[Math.floor(at / outputs)]!);
    const scaled = valuesOf(rounding(larger, inputs, outputs, format), inputs, outputs, format).map(
      (value, at) => value / s[Math.floor(at / outputs)]!,
    );
    expect(outputError(w, scaled)).toBeLessThan(outputError(w, plain) / 2);
    // The loud channels are the ones that get finer steps.
    expect(Math.min(...s.subarray(0, 4))).toBeGreaterThan(Math.max(...s.subarray(4)));
  });

  it('leaves weights whose channels are all alike', async () => {
    const [site] = await awqSites(model, layersOf(model));
    const sum = new Float64Array(inputs * inputs);
    for (let i = 0; i < inputs; i++) sum[i * inputs + i] = 1;
    expect(bestScales(site!, { groups: 1, inputs, sum }, rounding)).toBeNull();
  });
});

it('on a real model the roundings that read samples err less than nearest', async () => {
  const folder = fileURLToPath(new URL('../../models/glyph-vit', import.meta.url));
  const float = await readModel(`${folder}/model.onnx`);
  const dataset = await openFor(`${folder}/model.onnx`, folder);
  const method = methods.find(({ name }) => name === 'block-weights')!;
  const batch = await dataset.test!.read(0, 64);
  const run = async (made: Model) => {
    const session = await openSession(made);
    const results = await session.run(batch.feeds);
    await session.release();
    return results;
  };
  const reference = await run(float);
  const errorOf = async (algorithm: string, more = {}) => {
    const options = resolveOptions(method.options, { bits: '3', algorithm, samples: 32, ...more }, 'test');
    const { model: made, notes } = await method.run(float, options as never, {}, stepContext(float, { dataset }));
    return { error: relativeError(reference, await run(made)), notes: notes.join('\n') };
  };
  const nearest = await errorOf('nearest');
  const awq = await errorOf('awq');
  expect(awq.notes).toMatch(
    /AWQ scaled \d+ of \d+ products at \d+ places; \d+ have an input whose makers take no factors/,
  );
  expect(awq.error).toBeLessThan(nearest.error);
  // GPTQ takes more than half of the error's power away.
  expect((await errorOf('gptq', { actOrder: false })).error).toBeLessThan(nearest.error / 2);
  // The inputs that rounded layers give differ from the float ones by less than a layer's own rounding does.
  const inSequence = await errorOf('gptq', { sequential: true });
  expect(inSequence.error).toBeLessThan(nearest.error / 2);
  expect(inSequence.error).not.toBe((await errorOf('gptq')).error);
  expect((await errorOf('auto')).error).toBeLessThan(nearest.error / 2);
  expect((await errorOf('k-quant')).error).toBeLessThan(nearest.error);
});
