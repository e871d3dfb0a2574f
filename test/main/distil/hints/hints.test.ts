import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { Emitter } from '../../../../src-main/distil/emitter';
import { type Hint, hints } from '../../../../src-main/distil/hints';
import { distilStep } from '../../../../src-main/distil/step';
import { writeModel } from '../../../../src-main/onnx/file';
import type { Model, NdArray } from '../../../../src-main/onnx/ir';
import { openSession } from '../../../../src-main/onnx/session';
import { temporaryFolder } from '../../../support/folder';
import { modelFromText, randomTensor } from '../../../support/model-from-text';
import { floats, runEmitted } from '../../../support/run-emitted';
import { stepContext } from '../../../support/step-context';
import { tinyDataset } from '../../../support/tiny-dataset';

const hintNamed = (name: string) => hints.find((each) => each.name === name) as Hint;

async function value(name: string, student: NdArray, teacher: NdArray, projection?: NdArray): Promise<number> {
  const emit = new Emitter(['student', 'teacher', 'projection']);
  const rank = student.shape.length;
  const out = hintNamed(name).build({
    emit,
    student: 'student',
    teacher: 'teacher',
    rank,
    projection: projection === undefined ? '' : 'projection',
  });
  const feeds = { student, teacher, ...(projection === undefined ? {} : { projection }) };
  return ((await runEmitted(emit, feeds, [out]))[0] as number[])[0] as number;
}

describe('features', () => {
  it('is the mean of squared differences', async () => {
    expect(await value('features', floats([1, 2], [1, 3]), floats([1, 2], [0, 1]))).toBeCloseTo((1 + 4) / 2, 6);
  });

  it('projects the last axis', async () => {
    // [1, 2] · [[1, 0, 1], [0, 1, 1]] = [1, 2, 3]
    const projection = floats([2, 3], [1, 0, 1, 0, 1, 1]);
    expect(await value('features', floats([1, 2], [1, 2]), floats([1, 3], [1, 2, 0]), projection)).toBeCloseTo(3, 6);
  });

  it('projects the channels of pictures', async () => {
    // One pixel: channels [1, 2] to one by [3, 4]: 11.
    const student = floats([1, 2, 1, 1], [1, 2]);
    const projection = floats([1, 2, 1, 1], [3, 4]);
    expect(await value('features', student, floats([1, 1, 1, 1], [10]), projection)).toBeCloseTo(1, 5);
  });
});

describe('attention-map', () => {
  it('compares where channels are strong, whatever their number and strength', async () => {
    // Means of squares over channels: [1, 4] → [1, 4]/√17; teacher [16, 64] is the same direction.
    const student = floats([1, 2, 1, 2], [1, 2, 1, 2]);
    expect(await value('attention-map', student, floats([1, 1, 1, 2], [4, 8]))).toBeCloseTo(0, 6);
    // Against [1, 0]: (1/√17 − 1)² + (4/√17)².
    const byHand = (1 / Math.sqrt(17) - 1) ** 2 + 16 / 17;
    expect(await value('attention-map', student, floats([1, 1, 1, 2], [3, 0]))).toBeCloseTo(byHand, 5);
  });
});

const network = (width: number, seed: number): Model =>
  modelFromText(
    `<ir_version: 10, opset_import: ["" : 18]>
     g (float[N, 4] x) => (float[N, 3] y) { h = MatMul(x, first)  inside = Tanh(h)  y = MatMul(inside, second) }`,
    [randomTensor('first', [4, width], seed, 0.4), randomTensor('second', [width, 3], seed + 1)],
  );

const x: NdArray = { dtype: 'float32', shape: [80, 4], data: new Float32Array(320).map((_, at) => Math.sin(at * at)) };

async function distilled(student: Model, teacher: Model, given: Record<string, unknown>) {
  const path = join(temporaryFolder(), 'teacher.onnx');
  await writeModel(teacher, path);
  const spec = distilStep.methods.find(({ name }) => name === 'distil');
  const settings = { teacher: path, alpha: 1, match: 'mse', epochs: 40, batch: 16, learningRate: 0.02, ...given };
  const options = resolveOptions(spec?.options ?? {}, settings, 'options');
  const dataset = await tinyDataset(student, { x });
  return distilStep.run(student, 'distil', options, {}, stepContext(student, { dataset }));
}

async function inside(model: Model): Promise<Float32Array> {
  const session = await openSession(model, { extraOutputs: ['inside'] });
  const found = (await session.run({ x }, ['inside'])).inside?.data as Float32Array;
  await session.release();
  return found;
}

const distance = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, each, at) => sum + (each - (b[at] as number)) ** 2, 0) / a.length;

describe('hints in a distillation', () => {
  it('bring the values inside to those of the teacher', async () => {
    const [student, teacher] = [network(6, 1), network(6, 20)];
    const before = distance(await inside(student), await inside(teacher));
    const { model } = await distilled(student, teacher, { hints: ['inside'], hintWeight: 10, epochs: 100 });
    const without = await distilled(student, teacher, { epochs: 100 });
    expect(distance(await inside(model), await inside(teacher))).toBeLessThan(0.1 * before);
    expect(distance(await inside(without.model), await inside(teacher))).toBeGreaterThan(0.3 * before);
  });

  it('learn a projection where widths differ, which is no part of the student', async () => {
    const student = network(6, 1);
    const { model, notes } = await distilled(student, network(9, 20), { hints: ['inside=inside'] });
    expect([...model.graph.initializers.keys()]).toEqual([...student.graph.initializers.keys()]);
    const [first, last] = /Training loss ([\d.]+) → ([\d.]+)/.exec(notes.join(' '))?.slice(1).map(Number) ?? [];
    expect(last).toBeLessThan(0.3 * (first as number));
  });

  it('are refused before training where a value is not there, or has another shape', async () => {
    await expect(distilled(network(6, 1), network(6, 2), { hints: ['insid'] })).rejects.toThrow(
      /hint "insid": the student makes no value of this name; it makes "inside"/,
    );
    const other = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) { a = Unsqueeze(x, one)  inside = Tanh(a)  y = MatMul(x, w) }`,
      [
        randomTensor('w', [4, 3], 1),
        ...modelFromText(
          '<ir_version: 10, opset_import: ["" : 18]> g (float[1] q) => (float[1] z) <int64[1] one = {1}> { z = Relu(q) }',
        ).graph.initializers.values(),
      ],
    );
    await expect(distilled(network(6, 1), other, { hints: ['inside'] })).rejects.toThrow(
      /the student gives \[1, 6\] for a sample and the teacher \[1, 1, 4\]; only axis 1 may differ/,
    );
  });
});
