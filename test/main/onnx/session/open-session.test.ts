import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readModel, readTensorBytes, writeModel } from '../../../../src-main/onnx/file';
import type { NdArray, Tensor } from '../../../../src-main/onnx/ir';
import { openSession, optimizeModel, runtimeVersion } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

const models = fileURLToPath(new URL('../../../models', import.meta.url));
const cnn = join(models, 'mnist-cnn/model-bn.onnx');
const folder = mkdtempSync(join(tmpdir(), 'lathe-session-'));
afterAll(() => rmSync(folder, { recursive: true }));

const image = (batch: number): NdArray => ({
  dtype: 'float32',
  shape: [batch, 1, 28, 28],
  data: Float32Array.from({ length: batch * 784 }, (_, at) => Math.sin(at)),
});

describe('openSession by path', () => {
  it('tells inputs and outputs with symbolic dims, and runs', async () => {
    const session = await openSession(cnn);
    expect(session.inputs).toEqual([{ name: 'image', kind: 'tensor', dtype: 'float32', shape: ['batch', 1, 28, 28] }]);
    const logits = (await session.run({ image: image(3) })).logits as NdArray<'float32'>;
    expect(logits.shape).toEqual([3, 10]);
    expect(logits.data.every(Number.isFinite)).toBe(true);
    await session.release();
  });

  it('gives the same answers at every optimization, with prepacking off and with two threads', async () => {
    const answers: NdArray[] = [];
    for (const options of [
      {},
      { optimization: 'disabled' as const },
      { prepacking: false },
      { threads: 2, background: true },
    ]) {
      const session = await openSession(cnn, options);
      answers.push((await session.run({ image: image(2) })).logits as NdArray);
      await session.release();
    }
    const [first, ...others] = answers.map((answer) => [...(answer.data as Float32Array)]);
    // Other kernels add in another order: float32 logits near 10 differ in the sixth digit.
    for (const other of others) {
      for (const [at, value] of other.entries()) expect(value).toBeCloseTo(first?.[at] as number, 4);
    }
  });

  it('writes the model as optimised and a profile', async () => {
    const optimizedModelPath = join(folder, 'optimised.onnx');
    const session = await openSession(cnn, {
      optimization: 'basic',
      optimizedModelPath,
      profilePrefix: join(folder, 'profile'),
    });
    await session.run({ image: image(1) });
    const profile = JSON.parse(readFileSync(await session.endProfile(), 'utf8')) as { cat: string; args?: object }[];
    expect(profile.some((event) => event.cat === 'Node')).toBe(true);
    await session.release();
    const optimised = await openSession(optimizedModelPath, { optimization: 'disabled' });
    expect(optimised.outputs[0]?.name).toBe('logits');
    await optimised.release();
  });

  it('names the input that does not fit', async () => {
    const session = await openSession(cnn);
    await expect(session.run({})).rejects.toThrow('model-bn.onnx: input "image": is not fed (fed: nothing)');
    await expect(session.run({ image: { ...image(1), shape: [1, 784] } })).rejects.toThrow(
      'input "image": expects shape [batch, 1, 28, 28], got [1, 784]',
    );
    await expect(
      session.run({ image: { dtype: 'float64', shape: [1, 1, 28, 28], data: new Float64Array(784) } }),
    ).rejects.toThrow('input "image": expects float32, got float64');
    await session.release();
  });

  it('says what is wrong with a file that is no model', async () => {
    const text = join(folder, 'text.onnx');
    writeFileSync(text, 'no protobuf in here');
    const cut = join(folder, 'cut.onnx');
    writeFileSync(cut, readFileSync(cnn).subarray(0, 200_000));
    await expect(openSession(text)).rejects.toThrow(/^text.onnx: is not an ONNX file, or its end is missing; export/);
    await expect(openSession(cut)).rejects.toThrow(/^cut.onnx: is not an ONNX file, or its end is missing; export/);
    await expect(openSession(join(folder, 'absent.onnx'))).rejects.toThrow('absent.onnx: no such file');
    await expect(openSession(folder)).rejects.toThrow('is a folder, not an ONNX file');
  });

  it('tells its version', () => {
    expect(runtimeVersion()).toMatch(/^onnxruntime \d+\.\d+\.\d+$/);
  });
});

describe('openSession of a Model', () => {
  it('maps the weights from where they lie, and answers as by path', async () => {
    const model = await readModel(cnn);
    await writeModel(model, join(folder, 'beside.onnx'), { externalData: 'always' });
    const answers: unknown[] = [];
    for (const source of [cnn, model, await readModel(join(folder, 'beside.onnx'))]) {
      const session = await openSession(source);
      answers.push((await session.run({ image: image(2) })).logits);
      await session.release();
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('gives out values between nodes, of a path too, and only what is asked for', async () => {
    for (const source of [cnn, await readModel(cnn)]) {
      const session = await openSession(source, { extraOutputs: ['/Relu_output_0'] });
      const all = await session.run({ image: image(1) });
      expect(Object.keys(all)).toEqual(['logits', '/Relu_output_0']);
      const rectified = all['/Relu_output_0'] as NdArray<'float32'>;
      expect(Math.min(...rectified.data)).toBe(0);
      expect(Object.keys(await session.run({ image: image(1) }, ['/Relu_output_0']))).toEqual(['/Relu_output_0']);
      await session.release();
    }
  });

  it('tells a scalar from a value of unknown rank, and calls the model by its label', async () => {
    const model = modelFromText('g (float x, float[N] s) => (float y) { y = Identity (x) }');
    const session = await openSession(model, { label: 'teacher' });
    expect(session.inputs[0]?.shape).toEqual([]);
    await expect(session.run({})).rejects.toThrow('teacher: input "x": is not fed');
    await session.release();
  });
});

describe('a session of more changed weights than memory should hold', () => {
  /** y = Gather(table, x), the table of 72 MB made as it is read: row r holds r. */
  const rows = 1_125_000;
  const table: Tensor = {
    name: 'table',
    dtype: 'float32',
    shape: [rows, 16],
    data: {
      kind: 'derived',
      length: rows * 64,
      read: (start, end) => {
        const values = Float32Array.from({ length: (end - start) / 4 }, (_, at) => Math.floor((start / 4 + at) / 16));
        return new Uint8Array(values.buffer);
      },
    },
  };
  const model = modelFromText('g (int64[n] x) => (float[n, 16] y) { y = Gather (table, x) }', [table]);

  it('maps them from a temporary file, which is gone when the session is there', async () => {
    const before = spilled();
    const session = await openSession(model, { prepacking: false });
    expect(session.weightsFolder).not.toBeNull();
    expect(spilled()).toEqual(before);
    const asked = BigInt64Array.from([0n, 7n, BigInt(rows - 1)]);
    const { y } = await session.run({ x: { dtype: 'int64', shape: [3], data: asked } });
    const expected = [0, 7, rows - 1].flatMap((row) => Array.from({ length: 16 }, () => row));
    expect([...(y as NdArray<'float32'>).data]).toEqual(expected);
    await session.release();
  });

  it('keeps them for an optimised model, which refers to them', async () => {
    const path = join(mkdtempSync(join(folder, 'optimised-')), 'model.onnx');
    const optimised = await optimizeModel(model, 'basic', path);
    const { data } = optimised.graph.initializers.get('table') as Tensor;
    expect(data).toMatchObject({ kind: 'file', length: rows * 64 });
    expect(readTensorBytes(optimised.graph.initializers.get('table') as Tensor, 64 * 9, 64 * 9 + 4)).toEqual(
      new Uint8Array(Float32Array.of(9).buffer),
    );
  });

  const spilled = () => readdirSync(tmpdir()).filter((name) => name.startsWith('.lathe-weights'));
});
