import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { modelReportSchema } from '../../../src-main/contract';
import { inspectModel } from '../../../src-main/inspect';
import { readModel, writeModel } from '../../../src-main/onnx/file';
import { modelFromText } from '../../support/model-from-text';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lathe-inspect-'));
afterAll(() => rmSync(folder, { recursive: true }));

const codes = (report: { warnings: { code: string }[] }): string[] => report.warnings.map(({ code }) => code);

describe('inspectModel', () => {
  it('reports a small CNN', async () => {
    const path = join(models, 'mnist-cnn/model-bn.onnx');
    const report = await inspectModel(path, { dims: { batch: 2 } });
    expect(() => modelReportSchema.parse(report)).not.toThrow();
    expect(report).toMatchObject({
      irVersion: 6,
      opsets: { 'ai.onnx': 11 },
      inputs: [{ name: 'image', type: 'float32', shape: ['batch', 1, 28, 28] }],
      outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 10] }],
      nodes: 15,
      ops: { Relu: 4, BatchNormalization: 3, Conv: 3, Gemm: 2, MaxPool: 2, Flatten: 1 },
      bytes: statSync(path).size,
      symbolicDims: ['batch'],
    });
    expect(codes(report)).toContain('unfolded-batch-norm');
    expect(codes(report)).toContain('opset-per-channel');
    expect(codes(report)).not.toContain('symbolic-dims');
  });

  it('counts MACs for one sample where no batch is given and says so, and in proportion to the batch', async () => {
    const path = join(models, 'emoji-resnet/model.onnx');
    const one = (await inspectModel(path, { dims: { batch: 1 } })).macs as number;
    const assumed = await inspectModel(path);
    expect(assumed.macs).toBe(one);
    expect(assumed.warnings.find(({ code }) => code === 'macs')?.message).toMatch(/one sample: batch = 1/);
    const three = (await inspectModel(path, { dims: { batch: 3 } })).macs;
    // The stem alone: 3×3 over 3 channels at each of 48×48 positions, so no figure below that can be right.
    expect(one).toBeGreaterThan(48 * 48 * 27);
    expect(three).toBe(3 * one);
  });

  it('keeps the batch open where the model does not take one sample', async () => {
    const path = join(folder, 'pairs.onnx');
    // Beside the two rows of c there have to be two of x.
    const model = modelFromText(
      `g (float[batch, 4] x) => (float[M, 8] y) <float[2, 4] c = {1, 2, 3, 4, 5, 6, 7, 8}> { y = Concat <axis = 1> (x, c) }`,
    );
    await writeModel(model, path);
    const report = await inspectModel(path);
    expect(codes(report)).toContain('symbolic-dims');
    expect(codes(report)).not.toContain('macs');
  });

  it('counts no MACs where another dim than the batch has no size, and asks for that one', async () => {
    const path = join(folder, 'words.onnx');
    await writeModel(modelFromText('g (float[batch, words] x) => (float[batch, words] y) { y = Relu (x) }'), path);
    const report = await inspectModel(path);
    expect(report.macs).toBeNull();
    expect(codes(report)).not.toContain('macs');
    expect(report.warnings.find(({ code }) => code === 'symbolic-dims')?.message).not.toMatch(/batch/);
  });

  it('counts parameters as the corpus does, Constant nodes included', async () => {
    // Elements of all initializers and Constants, counted by Python's onnx 1.23.2 when the corpus was built.
    const counted = { 'emoji-resnet': 695369, 'glyph-vit': 483423, 'langid-transformer': 730014 };
    for (const [id, parameters] of Object.entries(counted)) {
      expect((await inspectModel(join(models, id, 'model.onnx'))).parameters, id).toBe(parameters);
    }
  });

  it('tells quantized and half models from float ones', async () => {
    const quantized = await inspectModel(join(models, 'mnist-cnn/model-qdq.onnx'));
    const half = await inspectModel(join(models, 'langid-transformer/model-fp16.onnx'));
    const float = await inspectModel(join(models, 'langid-transformer/model.onnx'));
    expect(codes(quantized)).toContain('already-quantized');
    expect(codes(half)).toContain('float16-weights');
    expect(codes(float)).not.toContain('already-quantized');
    expect(codes(float)).not.toContain('float16-weights');
    expect(half.bytesByType.float16).toBe((float.bytesByType.float32 as number) / 2);
  });

  it('adds up files of external data and names them', async () => {
    const path = join(folder, 'beside.onnx');
    const file = await writeModel(await readModel(join(models, 'emoji-resnet/model.onnx')), path, {
      externalData: 'always',
    });
    const report = await inspectModel(path);
    expect(report.bytes).toBe(file.bytes);
    expect(report.warnings.find(({ code }) => code === 'external-data')?.message).toContain(file.externalData[0]);
  });

  it('says that a Loop of unknown length is counted with one round', async () => {
    const path = join(folder, 'loop.onnx');
    const model = modelFromText(
      `g (int64 m, bool c, float[2, 2] s) => (float[2, 2] v) {
        v = Loop <body = l (int64 i, bool k, float[2, 2] t) => (bool k2, float[2, 2] t2) { k2 = Identity (k) t2 = MatMul (t, t) }> (m, c, s)
      }`,
    );
    await writeModel(model, path);
    const report = await inspectModel(path);
    expect(report.macs).toBe(8);
    expect(report.warnings.find(({ code }) => code === 'macs')?.message).toMatch(/counted with one round/);
  });

  it('says what is wrong with a file that cannot be read', async () => {
    await expect(inspectModel(join(folder, 'absent.onnx'))).rejects.toThrow(/absent\.onnx/);
  });
});
