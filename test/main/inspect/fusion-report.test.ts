import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fusionReport } from '../../../src-main/inspect';
import { readModel } from '../../../src-main/onnx/file';
import { modelFromText } from '../../support/model-from-text';

const models = fileURLToPath(new URL('../../models', import.meta.url));

/** Add is quantized between float neighbours that onnxruntime has no int8 kernel for. */
const withOrphans = modelFromText(`
  <ir_version: 8, opset_import: ["" : 13]>
  g (float[1, 4] x) => (float[1, 4] y)
  <float scale = {0.1}, uint8 zero = {128}>
  {
    a = Tanh (x)
    q = QuantizeLinear (a, scale, zero)
    d = DequantizeLinear (q, scale, zero)
    y = Tanh (d)
  }
`);

describe('fusionReport', () => {
  it('finds a well quantized model in int8 kernels, with pairs at its edges only', async () => {
    const report = await fusionReport(await readModel(join(models, 'mnist-cnn/model-qdq.onnx')), { level: 'extended' });
    expect(report.orphans).toEqual([]);
    expect(report.edgePairs).toBe(2);
    // Of the twelve convolutions, poolings, products and so on, only the last DequantizeLinear gives floats.
    expect(report.byPrecision).toEqual({ int8: 9, float32: 1 });
    expect(report.kernelOf.get('/c2/Conv')).toMatchObject({ op: 'QLinearConv', precision: 'int8' });
  });

  it('says which original nodes a fused kernel stands for', async () => {
    const report = await fusionReport(await readModel(join(models, 'mnist-cnn/model-bn.onnx')), { level: 'extended' });
    const kernel = report.kernelOf.get('/c1/Conv');
    expect(kernel?.originals).toEqual(['/c1/Conv', '/b1/BatchNormalization', '/Relu']);
    expect(report.kernelOf.get('/Relu')).toBe(kernel);
  });

  it('gives a residual sum and its activation to the blocked convolution that adds it', async () => {
    const report = await fusionReport(await readModel(join(models, 'emoji-resnet/model-bn.onnx')));
    const kernel = report.kernelOf.get('/l1/l1.0/c2/Conv');
    expect(kernel?.originals).toEqual([
      '/l1/l1.0/c2/Conv',
      '/l1/l1.0/b2/BatchNormalization',
      '/l1/l1.0/Add',
      '/l1/l1.0/Relu_1',
    ]);
    expect(report.kernelOf.get('/ReduceMean')?.originals).toEqual(['/ReduceMean']);
  });

  it('counts every original node once, and most kernels have an origin, in blocked layouts too', async () => {
    for (const file of ['glyph-vit/model', 'emoji-resnet/model-bn', 'langid-transformer/model']) {
      const model = await readModel(join(models, `${file}.onnx`));
      const { kernels, kernelOf } = await fusionReport(model);
      expect([...kernelOf.keys()], file).toEqual(model.graph.nodes.map(({ name }) => name));
      const origins = kernels.flatMap(({ originals }) => originals);
      expect(new Set(origins).size, file).toBe(origins.length);
      const nobodys = kernels.filter(({ originals }) => originals.length === 0);
      expect(nobodys.length, file).toBeLessThanOrEqual(2);
    }
  });

  it('names the pairs that no kernel took in, and what stands around them', async () => {
    const { orphans, edgePairs } = await fusionReport(withOrphans);
    expect(edgePairs).toBe(0);
    expect(orphans).toEqual([
      {
        node: expect.any(String),
        op: 'QuantizeLinear',
        of: 'activation',
        between: { producer: 'Tanh', consumers: ['DequantizeLinear'] },
      },
      {
        node: expect.any(String),
        op: 'DequantizeLinear',
        of: 'activation',
        between: { producer: 'QuantizeLinear', consumers: ['Tanh'] },
      },
    ]);
  });

  it('tells half precision by the casts around its kernels', async () => {
    const { byPrecision } = await fusionReport(await readModel(join(models, 'langid-transformer/model-fp16.onnx')));
    expect(byPrecision.unknown).toBeUndefined();
    expect(byPrecision.float32).toBeGreaterThan(50);
  });
});
