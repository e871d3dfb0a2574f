import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { Random } from '../../../src-main/kernels/random';
import { readModel, readTensor } from '../../../src-main/onnx/file';
import type { Model, NdArray, Node, Tensor } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { observe } from '../../../src-main/quantize/calibrate';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import { type Hessian, HessianObserver, hessianSize } from '../../../src-main/quantize/hessians';
import { channelAxis } from '../../../src-main/quantize/insert';
import { roundByHessian } from '../../../src-main/quantize/rounding';
import { minMaxScales, type QuantizedWeight, roundToNearest } from '../../../src-main/quantize/weights';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { openFor, tinyDataset } from '../../support/tiny-dataset';

/** Positive numbers with much in common, as behind a Relu: where rounding one weight can be made up for by another. */
function samples(shape: readonly number[]): NdArray<'float32'> {
  const random = new Random(2);
  const count = shape.reduce((a, b) => a * b, 1);
  return float32(
    shape,
    Float32Array.from({ length: count }, () => 1 + 0.3 * random.normal()),
  );
}

async function hessianOf(model: Model, weight: Tensor, x: NdArray): Promise<Hessian> {
  const dataset = await tinyDataset(model, { x });
  const data = calibrationData(stepContext(model, { dataset }), 'test', 100);
  const observer = new HessianObserver(model.graph.nodes[0] as Node, weight);
  await observe({ model, data }, [observer], unwatched());
  return observer.hessian();
}

function dequantized(weight: Tensor, { scales, codes }: QuantizedWeight): Tensor {
  const q = (readTensor(codes('q')) as NdArray<'int8'>).data;
  const last = scales.axis === weight.shape.length - 1 && scales.axis !== 0;
  const each = last ? 1 : q.length / scales.scales.length;
  const values = Float32Array.from(
    q,
    (code, i) => code * (scales.scales[Math.floor(i / each) % scales.scales.length] as number),
  );
  return { ...weight, data: { kind: 'inline', bytes: new Uint8Array(values.buffer) } };
}

async function outputs(model: Model, weight: Tensor, x: NdArray): Promise<Float32Array> {
  const initializers = new Map(model.graph.initializers).set('w', weight);
  const session = await openSession({ ...model, graph: { ...model.graph, initializers } });
  const { y } = await session.run({ x });
  await session.release();
  return (y as NdArray<'float32'>).data;
}

const squaredDistance = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);

describe('the Hessian', () => {
  it('of a Conv is the sum of products of its patches, worked by hand', async () => {
    const model = modelFromText(
      'g (float[N,1,1,3] x) => (float[N,1,1,2] y) <float[1,1,1,2] w = {1, 1}> { y = Conv(x, w) }',
    );
    const weight = model.graph.initializers.get('w') as Tensor;
    const { groups, inputs, sum } = await hessianOf(model, weight, float32([1, 1, 1, 3], [1, 2, 3]));
    // Patches (1, 2) and (2, 3): 1·1 + 2·2 = 5, 1·2 + 2·3 = 8, 2·2 + 3·3 = 13.
    expect({ groups, inputs, sum: [...sum] }).toEqual({ groups: 1, inputs: 2, sum: [5, 8, 8, 13] });
  });
});

describe.each([
  {
    name: 'Conv',
    text: 'g (float[N,4,5,5] x) => (float[N,8,3,3] y) { y = Conv(x, w) }',
    shape: [8, 4, 3, 3],
    input: [4, 5, 5],
    axis: 0,
  },
  {
    name: 'depthwise Conv',
    text: 'g (float[N,4,5,5] x) => (float[N,4,3,3] y) { y = Conv <group = 4> (x, w) }',
    shape: [4, 1, 3, 3],
    input: [4, 5, 5],
    axis: 0,
  },
  {
    name: 'MatMul',
    text: 'g (float[N,16] x) => (float[N,8] y) { y = MatMul(x, w) }',
    shape: [16, 8],
    input: [16],
    axis: 1,
  },
  {
    name: 'Gemm transB',
    text: 'g (float[N,16] x) => (float[N,8] y) { y = Gemm <transB = 1> (x, w) }',
    shape: [8, 16],
    input: [16],
    axis: 0,
  },
])('rounding by the Hessian of a $name', ({ text, shape, input, axis }) => {
  it('changes the outputs on new samples less than rounding to nearest', async () => {
    const weight = randomTensor('w', shape, 3);
    const model = modelFromText(text, [weight]);
    const x = samples([24, ...input]);
    const scales = minMaxScales(weight, axis);
    const hessian = await hessianOf(model, weight, x);
    const fresh = { ...x, data: x.data.map((value) => 2 - value) };
    const wanted = await outputs(model, weight, fresh);
    const nearest = await outputs(model, dequantized(weight, roundToNearest(weight, scales)), fresh);
    const compensated = await outputs(
      model,
      dequantized(weight, roundByHessian(model.graph.nodes[0] as Node, weight, scales, hessian)),
      fresh,
    );
    expect(squaredDistance(compensated, wanted)).toBeLessThan(squaredDistance(nearest, wanted) / 1.5);
  });
});

describe('on every layer of a real model', () => {
  it('the output error on the samples is never larger than with nearest integers, by feedback or AdaRound', async () => {
    const folder = fileURLToPath(new URL('../../models/emoji-resnet', import.meta.url));
    const model = await readModel(`${folder}/model.onnx`);
    const dataset = await openFor(`${folder}/model.onnx`, folder);
    const data = calibrationData(stepContext(model, { dataset }), 'test', 2);
    const weightOf = (node: Node) => model.graph.initializers.get(node.inputs[1] ?? '') as Tensor;
    const layers = model.graph.nodes.filter(
      (node) => node.opType === 'Conv' && hessianSize(node, weightOf(node)).inputs <= 300,
    );
    expect(layers.length).toBeGreaterThan(5);
    const observers = layers.map((node) => new HessianObserver(node, weightOf(node)));
    await observe({ model, data }, observers, unwatched());
    let gained = 0;
    for (const observer of observers) {
      const weight = weightOf(observer.node);
      const scales = minMaxScales(weight, channelAxis(observer.node, weight));
      const hessian = observer.hessian();
      const nearest = outputError(weight, roundToNearest(weight, scales), hessian);
      for (const how of ['feedback', 'adaround'] as const) {
        const rounded = roundByHessian(observer.node, weight, scales, hessian, how);
        const error = outputError(weight, rounded, hessian);
        // Sums of some thousand float64 products, in another order.
        expect(error).toBeLessThanOrEqual(nearest * (1 + 1e-9));
        if (error < nearest / 2) gained++;
      }
    }
    expect(gained).toBeGreaterThan(layers.length);
  });
});

/** Σ over outputs of (w − ŵ)ᵀ·H·(w − ŵ), weights [outputs, inputs] as a Conv holds them. */
function outputError(weight: Tensor, quantized: QuantizedWeight, { groups, inputs, sum }: Hessian): number {
  const w = (readTensor(weight) as NdArray<'float32'>).data;
  const q = (readTensor(quantized.codes('q')) as NdArray<'int8'>).data;
  const outputs = w.length / inputs;
  let total = 0;
  for (let output = 0; output < outputs; output++) {
    const h = Math.floor((output * groups) / outputs) * inputs * inputs;
    const scale = quantized.scales.scales[output] as number;
    const e = Float64Array.from({ length: inputs }, (_, j) => {
      const at = output * inputs + j;
      return (w[at] as number) - scale * (q[at] as number);
    });
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < inputs; j++)
        total += (e[i] as number) * (sum[h + i * inputs + j] as number) * (e[j] as number);
  }
  return total;
}
