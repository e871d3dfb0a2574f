import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../../../src-main/contract';
import { fusionReport } from '../../../../src-main/inspect';
import { readModel, readTensor } from '../../../../src-main/onnx/file';
import { type Model, type NdArray, type Node, tensorFromArray } from '../../../../src-main/onnx/ir';
import { openSession } from '../../../../src-main/onnx/session';
import { calibrationData } from '../../../../src-main/quantize/calibration-data';
import { dynamicInt8 } from '../../../../src-main/quantize/methods/dynamic-int8';
import { staticInt8 } from '../../../../src-main/quantize/methods/static-int8';
import { measurableValues, StaticQuantizer } from '../../../../src-main/quantize/static-quantizer';
import { quantizeStep } from '../../../../src-main/quantize/step';
import { modelFromText, randomTensor } from '../../../support/model-from-text';
import { float32 } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';
import { openFor, tinyDataset } from '../../../support/tiny-dataset';

async function quantize(model: Model, calibration: Record<string, NdArray>, options: Record<string, unknown> = {}) {
  const dataset = await tinyDataset(model, calibration);
  const complete = resolveOptions(staticInt8.options, options, 'test');
  return quantizeStep.run(model, 'static-int8', complete, {}, stepContext(model, { dataset }));
}

async function outputOf(model: Model, x: NdArray): Promise<number[]> {
  const session = await openSession(model);
  try {
    const results = await session.run({ x });
    return [...(Object.values(results)[0] as NdArray<'float32'>).data];
  } finally {
    await session.release();
  }
}

const initializer = (model: Model, name: string) => {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no initializer ${name}`);
  return [...(readTensor(tensor).data as Int8Array)];
};
const ops = (model: Model) => model.graph.nodes.map((node: Node) => node.opType);

/** x · W with W = [[1, −2, 0.5], [0.3, 1.1, −0.2]], worked by hand. */
const product = modelFromText(`g (float[N,2] x) => (float[N,3] y)
  <float[2,3] w = {1, -2, 0.5, 0.3, 1.1, -0.2}> { [product] y = MatMul(x, w) }`);

describe('static-int8', () => {
  it('gives the codes and scales that follow by hand', async () => {
    const { model, changed } = await quantize(
      product,
      { x: float32([2, 2], [0, 0.55, 2, 2.55]) },
      { rounding: 'nearest' },
    );
    expect(changed).toBe(1);
    expect(ops(model)).toEqual(['QuantizeLinear', 'DequantizeLinear', 'DequantizeLinear', 'MatMul']);
    expect(initializer(model, 'w_codes')).toEqual([127, -127, 127, 38, 70, -51]);
    expect(initializer(model, 'w_scale')).toEqual([1 / 127, 2 / 127, 0.5 / 127].map(Math.fround));
    expect(initializer(model, 'x_dequantized_scale')).toEqual([Math.fround(2.55 / 255)]);
    expect(initializer(model, 'x_dequantized_zero_point')).toEqual([0]);
    // [1, 2] lies on the grid of x; y = [1·127/127 + 2·38/127, −2 + 2·70·2/127, 0.5 − 2·51·0.5/127]
    const y = await outputOf(model, float32([1, 2], [1, 2]));
    const wanted = [1 + 76 / 127, -2 + 280 / 127, 0.5 - 51 / 127];
    // What float32 rounds: 2⁻²⁴ relative, and the runtime sums two products.
    y.forEach((value, at) => {
      expect(value).toBeCloseTo(wanted[at] as number, 5);
    });
  });

  it('takes a Conv range behind its Relu and leaves the Relu out', async () => {
    const model =
      modelFromText(`g (float[N,1,3,3] x) => (float[N,1,3,3] y) <float[1,1,1,1] w = {1}, float[1] b = {-0.5}> {
      [conv] c = Conv(x, w, b)
      [relu] r = Relu(c)
      [second] y = Conv(r, w, b)
    }`);
    const { model: changed } = await quantize(model, { x: float32([1, 1, 3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]) });
    expect(ops(changed)).not.toContain('Relu');
    expect(initializer(changed, 'r_zero_point')).toEqual([0]);
    expect(initializer(changed, 'r_scale')).toEqual([Math.fround(7.5 / 255)]);
  });

  it('widens a weight scale where the bias would overflow', async () => {
    const model = modelFromText(`g (float[N,1,2,2] x) => (float[N,1,2,2] y)
      <float[1,1,1,1] w = {0.000001}, float[1] b = {50}> { [conv] y = Conv(x, w, b) }`);
    const { model: changed } = await quantize(model, { x: float32([1, 1, 2, 2], [0, 0.001, 0.001, 0.001]) });
    const [y] = await outputOf(changed, float32([1, 1, 2, 2], [0, 0, 0, 0]));
    // Half a step of the output's 8 bits over 0 … 50.
    expect(Math.abs((y as number) - 50)).toBeLessThan(50 / 255);
  });

  it('keeps floats before LayerNormalization: a MatMul needs no Q behind it', async () => {
    const model = modelFromText(`g (float[N,2] x) => (float[N,2] y)
      <float[2,2] w = {1, 2, 3, 4}, float[2] gamma = {1, 1}, float[2] beta = {0, 0}> {
      m = MatMul(x, w)
      y = LayerNormalization(m, gamma, beta)
    }`);
    const { model: changed } = await quantize(model, { x: float32([2, 2], [0, 1, 2, 3]) });
    expect(ops(changed).filter((op) => op === 'QuantizeLinear')).toHaveLength(1);
  });

  it('shares one scale through operators that move data', async () => {
    const model =
      modelFromText(`g (float[N,1,4,4] x) => (float[N,1,1,1] y) <float[1,1,1,1] w = {1}, float[1,1,2,2] v = {1, 1, 1, 1}> {
      c = Conv(x, w)
      p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (c)
      y = Conv(p, v)
    }`);
    const { model: changed } = await quantize(model, {
      x: float32(
        [1, 1, 4, 4],
        Array.from({ length: 16 }, (_, i) => i),
      ),
    });
    expect(initializer(changed, 'p_scale')).toEqual(initializer(changed, 'c_scale'));
  });

  describe.each(['u8s8', 's8s8', 'u8u8'])('types %s', (types) => {
    const model =
      modelFromText(`g (float[N,2,2,2] x) => (float[N,2] y) <float[2,2,1,1] w = {1, -0.5, 0.2, 0.7}, float[2] b = {0.1, -0.2},
        float[2,2] v = {0.5, -1, 1, 0.25}> {
      [conv] c = Conv(x, w, b)
      [relu] r = Relu(c)
      [pool] p = GlobalAveragePool(r)
      f = Flatten(p)
      [gemm] y = Gemm(f, v, b)
    }`);
    const x = float32([2, 2, 2, 2], [1, -1, 0.5, 2, 0, 1, -2, 0.25, 2, 1, 1, 0, -1, -1, 2, 1]);

    it.each(['per-channel', 'per-tensor'])('%s give the same within steps, all on integers', async (granularity) => {
      const { model: made } = await quantize(model, { x }, { types, granularity });
      const { orphans, byPrecision } = await fusionReport(made);
      expect(orphans).toEqual([]);
      expect(byPrecision.int8).toBeGreaterThanOrEqual(3);
      const [wanted, given] = [await outputOf(model, x), await outputOf(made, x)];
      // Steps of 1/255 of ranges up to 3 at three places.
      given.forEach((value, at) => {
        expect(Math.abs(value - (wanted[at] as number))).toBeLessThan(0.05);
      });
      const dtype = (name: string) => made.graph.initializers.get(name)?.dtype;
      expect(dtype('w_codes')).toBe(types === 'u8u8' ? 'uint8' : 'int8');
      expect(dtype('x_dequantized_zero_point')).toBe(types === 's8s8' ? 'int8' : 'uint8');
    });

    it('with asymmetric weights use all 256 integers', async () => {
      const options = { types, granularity: 'per-tensor', asymmetricWeights: true, equalize: false };
      const { model: made } = await quantize(model, { x }, options);
      const offset = types === 'u8u8' ? 0 : 128;
      // 1.5 / 255 a step from −0.5 to 1; −0.5 is 85 steps below 0.
      expect(initializer(made, 'w_zero_point')).toEqual([85 - offset]);
      expect(initializer(made, 'w_codes')).toEqual([255, 0, 119, 204].map((code) => code - offset));
      const [wanted, given] = [await outputOf(model, x), await outputOf(made, x)];
      given.forEach((value, at) => {
        expect(Math.abs(value - (wanted[at] as number))).toBeLessThan(0.05);
      });
    });
  });

  it('refuses asymmetric weights with a scale a channel', async () => {
    await expect(quantize(product, { x: float32([1, 2], [0, 1]) }, { asymmetricWeights: true })).rejects.toThrow(
      /asymmetric weights need one scale for the whole tensor/,
    );
  });

  it('gives 7 bits to the layers alone whose sums could saturate', async () => {
    const model = modelFromText(`g (float[N,2] x) => (float[N,1] y)
      <float[2,2] w = {1, 1, -1, -0.2}, float[2,1] v = {1, 1}> { [safe] h = MatMul(x, w) [risky] y = MatMul(h, v) }`);
    const x = float32([2, 2], [0, 0.5, 1, 2]);
    const every = await quantize(model, { x }, { saturation: 'every-cpu', rounding: 'nearest' });
    expect(initializer(every.model, 'w_codes')).toEqual([127, 127, -127, -25]);
    expect(initializer(every.model, 'v_codes')).toEqual([64, 64]);
    expect(every.notes.join(' ')).toMatch(/In 1 of 2 layers .* 16 bits .*: their weights got 7 bits/);
    const never = await quantize(model, { x }, { saturation: 'never', rounding: 'nearest' });
    expect(initializer(never.model, 'v_codes')).toEqual([127, 127]);
    expect(never.notes.join(' ')).toMatch(/In 1 of 2 layers .* choose 7-bit weights/);
  });

  describe('16-bit activations', () => {
    const text = (opset: number) =>
      modelFromText(`<ir_version: 10, opset_import: ["" : ${opset}]> g (float[N,2] x) => (float[N,2] z)
        <float[2,2] w = {1, -2, 0.5, 0.25}> { [one] y = MatMul(x, w) [two] z = MatMul(y, w) }`);
    const x = float32([2, 2], [0.3, -0.7, 1.1, 0.9]);

    it.each([
      [17, 'com.microsoft'],
      [21, ''],
    ])('of the chosen layer, with opset %i in domain "%s"', async (opset, domain) => {
      const model = text(opset);
      const result = await quantize(model, { x }, { wideLayers: ['two'], rounding: 'nearest' });
      expect(result).toMatchObject({ eligible: 2, changed: 1 });
      expect(result.skipped).toEqual([{ node: 'two', reason: 'its activations take 16 bits, as asked for' }]);
      const wide = result.model.graph.nodes.filter(({ inputs }) => {
        return result.model.graph.initializers.get(inputs[2] ?? '')?.dtype === 'uint16';
      });
      expect(wide.map((node) => `${node.domain}|${node.opType}`)).toEqual(
        ['QuantizeLinear', 'DequantizeLinear', 'QuantizeLinear', 'DequantizeLinear'].map((op) => `${domain}|${op}`),
      );
      const [wanted, given] = [await outputOf(model, x), await outputOf(result.model, x)];
      given.forEach((value, at) => {
        expect(Math.abs(value - (wanted[at] as number))).toBeLessThan(0.05);
      });
    });

    it('of what is no layer are refused by name', async () => {
      await expect(quantize(text(17), { x }, { wideLayers: ['three'] })).rejects.toThrow(
        /wideLayers names "three", which is no node of the model/,
      );
    });
  });

  it('brings the means of the outputs nearer by correcting biases in order', async () => {
    // Nearly constant values, which the steps of a wide range round all in one direction, in layer after layer.
    const model = modelFromText(
      `g (float[N,6] x) => (float[N,6] y) {
        a = Gemm(x, first, offset)
        b = Relu(a)
        c = Gemm(b, second, offset)
        d = Relu(c)
        y = Gemm(d, third, offset)
      }`,
      [
        ...['first', 'second', 'third'].map((name, at) => randomTensor(name, [6, 6], at)),
        randomTensor('offset', [6], 9),
      ],
    );
    const values = Float32Array.from({ length: 96 }, (_, at) => (at < 6 ? 40 : 0.3 + 0.01 * Math.sin(at)));
    const x = float32([16, 6], values);
    const means = (y: number[]) =>
      [0, 1, 2, 3, 4, 5].map((at) => y.filter((_, i) => i % 6 === at).reduce((a, b) => a + b));
    const wanted = means(await outputOf(model, x));
    const shift = async (sequential: boolean) => {
      const { model: made } = await quantize(model, { x }, { sequential, rounding: 'nearest' });
      return means(await outputOf(made, x)).reduce((sum, mean, at) => sum + Math.abs(mean - (wanted[at] as number)), 0);
    };
    expect(await shift(true)).toBeLessThan((await shift(false)) / 2);
  });

  it('can put what nearest rounding shifts into the biases of the float model, for a method that does not calibrate', async () => {
    const model = modelFromText(
      `g (float[N,8] x) => (float[N,4] y) <float[4] b = {1, 2, 3, 4}> {
        p = MatMul(x, w)
        y = Add(p, b)
      }`,
      [randomTensor('w', [8, 4], 1)],
    );
    const x = float32(
      [8, 8],
      Float32Array.from({ length: 64 }, (_, at) => 10 + Math.sin(at)),
    );
    const dataset = await tinyDataset(model, { x });
    const quantizer = await StaticQuantizer.of(model, {}, {}, false);
    const data = calibrationData(stepContext(model, { dataset }), 'test', 8);
    const values = measurableValues(quantizer.placement());
    await quantizer.calibrate(values, data, { histograms: false, biasCorrection: true }, unwatched());
    const meanError = async (from: Model): Promise<number> => {
      const options = resolveOptions(dynamicInt8.options, {}, 'test');
      const { model: made } = await dynamicInt8.run(from, options, {}, stepContext(from));
      const [wanted, given] = [await outputOf(model, x), await outputOf(made, x)];
      return [0, 1, 2, 3].reduce((sum, output) => {
        const shift = given.reduce(
          (total, y, at) => (at % 4 === output ? total + y - (wanted[at] as number) : total),
          0,
        );
        return sum + Math.abs(shift);
      }, 0);
    };
    expect(await meanError(quantizer.correctedForRounding())).toBeLessThan((await meanError(model)) / 3);
  });

  it('names the layer whose activation is NaN', async () => {
    const model = modelFromText(`g (float[N,2] x) => (float[N,3] y) <float[2,3] w = {1, 1, 1, 1, 1, 1}> {
      [root] s = Sqrt(x)
      y = MatMul(s, w)
    }`);
    await expect(quantize(model, { x: float32([1, 2], [-1, 1]) })).rejects.toThrow(/Sqrt "root": gives NaN/);
  });

  it('names the layer whose activation never changes', async () => {
    const model = modelFromText(`g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, -1, 2, 3}> {
      [dead] h = Relu(x)
      y = MatMul(h, w)
    }`);
    const { notes } = await quantize(model, { x: float32([2, 2], [-1, -2, -3, -4]) }, { smooth: false });
    expect(notes.join(' ')).toMatch(/The same number throughout the calibration samples: Relu "dead" \(always 0\)/);
  });

  it('says how well an accuracy would be known from few samples', async () => {
    const { notes } = await quantize(product, { x: float32([4, 2], [0, 1, 2, 3, 4, 5, 6, 7]) });
    // Wilson's interval of 4 right of 4 begins at 4 / (4 + 1.96²).
    expect(notes.join(' ')).toMatch(/Only 4 calibration samples:.*between 51 % and 100 %/);
    const one = await quantize(product, { x: float32([1, 2], [1, 2]) });
    expect(one.notes.join(' ')).toMatch(/Only 1 calibration sample:.*between 21 % and 100 %/);
  });

  it('names the input of the data that is not finite rather than the layer behind it', async () => {
    const samples = float32([3, 2], [0, 1, 2, Number.NaN, 4, 5]);
    await expect(quantize(product, { x: samples })).rejects.toThrow(
      /^input "x": holds NaN or infinite numbers in the calibration samples, after 1 sound ones/,
    );
  });

  it('names a weight that is not finite, and leaves one without elements alone', async () => {
    const broken = modelFromText(`g (float[N,2] x) => (float[N,3] y) { y = MatMul(x, w) }`, [
      tensorFromArray('w', float32([2, 3], [1, Number.NaN, 0, 1, 2, 3])),
    ]);
    const x = float32([2, 2], [0, 1, 2, 3]);
    await expect(quantize(broken, { x })).rejects.toThrow(/^weight "w": 1 of its elements are NaN or infinite/);
    const empty = modelFromText(
      `g (float[N,2] x) => (float[N,3] y) {
        [full] full = MatMul(x, w)
        [empty] none = MatMul(x, e)
        y = Concat <axis = 1> (full, none)
      }`,
      [randomTensor('w', [2, 3], 1), tensorFromArray('e', float32([2, 0], []))],
    );
    const { changed, skipped } = await quantize(empty, { x });
    expect({ changed, skipped }).toEqual({
      changed: 1,
      skipped: [{ node: 'empty', reason: 'its weight has no elements' }],
    });
  });

  it('says of layers in bodies that no range can be measured there', async () => {
    const model = modelFromText(`g (bool[1] yes, float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      [outside] h = MatMul(x, w)
      y = If (yes) <then_branch = a () => (float[N,2] p) { [inside] p = MatMul(h, w) }, else_branch = b () => (float[N,2] q) { q = Relu(h) }>
    }`);
    const yes = { dtype: 'bool' as const, shape: [2], data: Uint8Array.of(1, 1) };
    const result = await quantize(model, { x: float32([2, 2], [0, 1, 2, 3]), yes });
    expect(result).toMatchObject({ eligible: 2, changed: 1 });
    expect(result.skipped).toEqual([
      { node: 'inside', reason: 'it stands in a body of If, where no range can be measured: dynamic-int8 goes there' },
    ]);
  });

  it.each([7, 8, 9, 10, 11, 12])('raises opset %i first', async (opset) => {
    const model =
      modelFromText(`<ir_version: 4, opset_import: ["" : ${opset}]> g (float[N,1,2,2] x) => (float[N,1,2,2] y)
      <float[1,1,1,1] w = {1}, float[1] b = {0.5}> { c = Conv(x, w, b) r = Relu(c) y = Conv(r, w, b) }`);
    const { model: made, notes } = await quantize(model, { x: float32([1, 1, 2, 2], [0, 1, 2, 3]) });
    expect(notes.join(' ')).toContain(`raised opset ${opset} to 13`);
    const y = await outputOf(made, float32([1, 1, 2, 2], [0, 1, 2, 3]));
    // x + 0.5 + 0.5, each step of 1/255 of at most 4.
    y.forEach((value, at) => {
      expect(Math.abs(value - at - 1)).toBeLessThan(0.05);
    });
  });

  it('names the type of weights of half precision, and what to do', async () => {
    const half = tensorFromArray('w', { dtype: 'float16', shape: [2, 2], data: new Uint16Array(4) });
    const model = modelFromText('g (float[1,2] x) => (float16[1,2] y) { h = Cast <to = 10> (x) y = MatMul(h, w) }', [
      half,
    ]);
    await expect(quantize(model, { x: float32([1, 2], [1, 2]) })).rejects.toThrow(
      /its weight is float16, not float32: quantize the float32 model that it was made from/,
    );
  });

  it('leaves what is quantized already', async () => {
    const once = await quantize(product, { x: float32([2, 2], [0, 1, 2, 3]) });
    await expect(quantize(once.model, { x: float32([2, 2], [0, 1, 2, 3]) })).rejects.toThrow(/already quantized/);
  });

  it('says why nothing changed', async () => {
    const model = modelFromText('g (float[N,2] x) => (float[N,2] y) { y = Relu(x) }');
    await expect(quantize(model, { x: float32([1, 2], [1, 1]) })).rejects.toThrow(/nothing changed/);
  });

  it('measures a model whose integers may not pay, and says what came out', async () => {
    const { notes } = await quantize(product, { x: float32([2, 2], [0, 0.55, 2, 2.55]) });
    expect(notes.join('\n')).toMatch(
      /^(Just|Not faster) .*[\d.]+ times as fast as the original on one calibration sample/m,
    );
  });

  it('asks for data', async () => {
    const options = resolveOptions(staticInt8.options, {}, 'test');
    await expect(quantizeStep.run(product, 'static-int8', options, {}, stepContext(product))).rejects.toThrow(
      /needs calibration data, none was given/,
    );
  });

  it.each([
    { folder: 'models/emoji-resnet', layers: 15 },
    { folder: 'models/langid-transformer', layers: 21 },
    // The first convolution, of one channel, stays in float since it is faster so, another since it is loud.
    { folder: 'models/glyph-vit', layers: 26 },
  ])('keeps the decisions of $folder', async ({ folder, layers }) => {
    const root = fileURLToPath(new URL(`../../../${folder}`, import.meta.url));
    const model = await readModel(`${root}/model.onnx`);
    const dataset = await openFor(`${root}/model.onnx`, root);
    const options = resolveOptions(staticInt8.options, {}, 'test');
    const result = await quantizeStep.run(model, 'static-int8', options, {}, stepContext(model, { dataset }));
    expect(result.changed).toBe(layers);
    // 64 samples: one in eight may change at 8 bits; a scale doubled on purpose changes half of them and more.
    expect(await agreement(model, result.model, dataset)).toBeGreaterThan(0.87);
    expect(await agreement(model, withDoubledScale(result.model), dataset)).toBeLessThan(0.87);
  });
});

async function agreement(a: Model, b: Model, dataset: Awaited<ReturnType<typeof openFor>>): Promise<number> {
  const batch = await dataset.test?.read(0, 64);
  const decisions = async (model: Model) => {
    const session = await openSession(model);
    const [scores] = Object.values(await session.run(batch?.feeds ?? {})) as [NdArray<'float32'>];
    await session.release();
    const classes = scores.shape.at(-1) as number;
    return Array.from({ length: 64 }, (_, row) => {
      const one = scores.data.subarray(row * classes, (row + 1) * classes);
      return one.indexOf(Math.max(...one));
    });
  };
  const [first, second] = [await decisions(a), await decisions(b)];
  return first.filter((decision, at) => decision === second[at]).length / 64;
}

/** Every activation that leaves a node is read back twice as large by half of the nodes. */
function withDoubledScale(model: Model): Model {
  const initializers = new Map(model.graph.initializers);
  let at = 0;
  for (const [name, tensor] of initializers) {
    if (!name.endsWith('_scale') || tensor.shape.length !== 1 || at++ % 2 === 1) continue;
    const { data } = readTensor(tensor) as NdArray<'float32'>;
    const doubled = new Uint8Array(data.map((scale, channel) => (channel % 2 === 0 ? scale * 2 : scale)).buffer);
    initializers.set(name, { ...tensor, data: { kind: 'inline', bytes: doubled } });
  }
  return { ...model, graph: { ...model.graph, initializers } };
}

describe('static-int8, beside its layers', () => {
  it('stores an embedding table as integers, with a scale for each row', async () => {
    const model = modelFromText(
      'g (int64[N] ids) => (float[N,64] y) { h = Gather(table, ids) [product] y = MatMul(h, w) }',
      [randomTensor('table', [300, 64], 4), randomTensor('w', [64, 64], 5)],
    );
    const ids: NdArray = {
      dtype: 'int64',
      shape: [8],
      data: BigInt64Array.from([0, 1, 2, 7, 30, 99, 200, 299], BigInt),
    };
    const result = await quantize(model, { ids });
    expect(result).toMatchObject({ eligible: 2, changed: 2 });
    const large = [...result.model.graph.initializers.values()].filter(({ shape }) => shape.length === 2);
    expect(large.filter(({ dtype }) => dtype === 'float32').map(({ shape }) => shape)).toEqual([[300, 1]]);
    const kept = await quantize(model, { ids }, { embeddings: false });
    expect(kept.changed).toBe(1);
    expect(kept.model.graph.initializers.get('table')?.dtype).toBe('float32');
  });

  it('leaves a last layer in float that is a hundredth of the model', async () => {
    const layers = (outputs: number) =>
      modelFromText(`g (float[N,128] x) => (float[N,${outputs}] y) { [body] h = Gemm(x, w) [head] y = MatMul(h, v) }`, [
        randomTensor('w', [128, 640], 1),
        randomTensor('v', [640, outputs], 2),
      ]);
    const x = randomInputs([8, 128]);
    const small = await quantize(layers(1), { x });
    expect(small).toMatchObject({ eligible: 2, changed: 1 });
    expect(small.skipped).toEqual([{ node: 'head', reason: expect.stringContaining('a last layer so small') }]);
    expect((await quantize(layers(10), { x })).changed).toBe(2);
  });
});

function randomInputs(shape: readonly number[]): NdArray {
  const count = shape.reduce((a, b) => a * b, 1);
  return float32(
    shape,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * i)),
  );
}
