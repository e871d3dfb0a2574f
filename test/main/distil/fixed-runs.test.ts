import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { rowsOfRun, runInParts } from '../../../src-main/distil/fixed-runs';
import { distilStep } from '../../../src-main/distil/step';
import { writeModel } from '../../../src-main/onnx/file';
import type { Model, NdArray } from '../../../src-main/onnx/ir';
import { temporaryFolder } from '../../support/folder';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { floats } from '../../support/run-emitted';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const network = (rows: string, seed: number): Model =>
  modelFromText(
    `<ir_version: 10, opset_import: ["" : 18]>
     g (float[${rows}, 4] x) => (float[${rows}, 3] y) { h = MatMul(x, first)  r = Tanh(h)  y = MatMul(r, second) }`,
    [randomTensor('first', [4, 6], seed), randomTensor('second', [6, 3], seed + 1)],
  );

describe('runInParts', () => {
  it('fills the last run up and joins the answers, one a sample or more', async () => {
    const asked: number[][] = [];
    const found = await runInParts({ x: floats([5, 1], [1, 2, 3, 4, 5]) }, 2, async ({ x }) => {
      const rows = Array.from(x?.data as Float32Array);
      asked.push(rows);
      return {
        one: floats([2, 1], rows),
        two: floats(
          [4],
          rows.flatMap((row) => [row, -row]),
        ),
      };
    });
    expect(asked).toEqual([
      [1, 2],
      [3, 4],
      [5, 5],
    ]);
    expect(found.one).toEqual(floats([5, 1], [1, 2, 3, 4, 5]));
    expect(found.two).toEqual(floats([10], [1, -1, 2, -2, 3, -3, 4, -4, 5, -5]));
  });
});

describe('rowsOfRun', () => {
  it('is the first dimension of the inputs, where it is a number', () => {
    expect(rowsOfRun(network('N', 1).graph)).toBeNull();
    expect(rowsOfRun(network('7', 1).graph)).toBe(7);
  });
});

describe('models exported for a fixed batch', () => {
  const x: NdArray = {
    dtype: 'float32',
    shape: [50, 4],
    data: new Float32Array(200).map((_, at) => Math.sin(at * at)),
  };
  const distilled = async (student: Model, teacher: Model, given: Record<string, unknown>) => {
    const path = join(temporaryFolder(), 'teacher.onnx');
    await writeModel(teacher, path);
    const spec = distilStep.methods.find(({ name }) => name === 'distil');
    const settings = { teacher: path, alpha: 1, match: 'mse', epochs: 20, learningRate: 0.02, ...given };
    const options = resolveOptions(spec?.options ?? {}, settings, 'options');
    const dataset = await tinyDataset(network('N', 1), { x });
    return distilStep.run(student, 'distil', options, {}, stepContext(student, { dataset }));
  };
  const loss = (notes: readonly string[]) =>
    /Training loss ([\d.]+) → ([\d.]+)/.exec(notes.join(' '))?.slice(1).map(Number) as [number, number];

  it.each([
    ['the student', '8', 'N'],
    ['the teacher', 'N', '1'],
    ['both', '8', '3'],
  ])('are trained and learned from: %s', async (_, student, teacher) => {
    const { notes } = await distilled(network(student, 1), network(teacher, 20), { batch: 8 });
    const [first, last] = loss(notes);
    expect(last).toBeLessThan(0.5 * first);
  });

  it('say which batch they take, and that there are too few samples', async () => {
    await expect(distilled(network('8', 1), network('N', 2), { batch: 16 })).rejects.toThrow(/set batch to 8/);
    await expect(distilled(network('8', 1), network('N', 2), { batch: 8, accumulate: 9 })).rejects.toThrow(
      /takes full batches alone, an update needs 72 samples, and there are 45/,
    );
  });
});
