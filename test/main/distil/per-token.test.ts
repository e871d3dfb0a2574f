import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { distilStep } from '../../../src-main/distil/step';
import { Random } from '../../../src-main/kernels/random';
import { writeModel } from '../../../src-main/onnx/file';
import type { Model, NdArray } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { temporaryFolder } from '../../support/folder';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { writeNpz } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { openFor } from '../../support/tiny-dataset';

const [sequences, length, words] = [200, 5, 6];

/** A language model that sees one word: [N, T] words → [N, T, 6] scores of the next one. */
const languageModel = (seed: number): Model =>
  modelFromText(
    `<ir_version: 10, opset_import: ["" : 18]>
     g (int64[N, T] words) => (float[N, T, 6] scores) {
       embedded = Gather(table, words)
       scores = MatMul(embedded, head)
     }`,
    [randomTensor('table', [words, 8], seed), randomTensor('head', [8, words], seed + 1, 0.1)],
  );

/** Each word is followed by the next one, 0 after the last; the last place of a sequence has no label. */
async function counting(model: Model, labelled: boolean, perRow: number = length) {
  const random = new Random(7);
  const starts = Array.from({ length: sequences }, () => random.below(words));
  const at = (offset: number) =>
    BigInt64Array.from(
      starts.flatMap((start) => Array.from({ length }, (_, place) => BigInt((start + place + offset) % words))),
    );
  const next = at(1).map((word, place) => (place % length === length - 1 ? -1n : word));
  const labels: NdArray = { dtype: 'int64', shape: [sequences, perRow], data: next.subarray(0, sequences * perRow) };
  const folder = temporaryFolder();
  writeNpz(join(folder, 'calib.npz'), {
    words: { dtype: 'int64', shape: [sequences, length], data: at(0) },
    ...(labelled ? { labels } : {}),
  });
  return openFor(model, folder);
}

async function nextWords(model: Model): Promise<number[]> {
  const session = await openSession(model);
  const feed: NdArray = {
    dtype: 'int64',
    shape: [1, words],
    data: BigInt64Array.from({ length: words }, (_, at) => BigInt(at)),
  };
  const scores = (await session.run({ words: feed })).scores?.data as Float32Array;
  await session.release();
  return Array.from({ length: words }, (_, row) => {
    const part = Array.from(scores.subarray(row * words, (row + 1) * words));
    return part.indexOf(Math.max(...part));
  });
}

const train = async (
  model: Model,
  method: string,
  options: Record<string, unknown>,
  dataset: Awaited<ReturnType<typeof counting>>,
) => {
  const spec = distilStep.methods.find(({ name }) => name === method);
  const resolved = resolveOptions(
    spec?.options ?? {},
    { epochs: 8, batch: 16, learningRate: 0.03, ...options },
    'options',
  );
  return distilStep.run(model, method, resolved, {}, stepContext(model, { dataset }));
};

describe('an answer for each token', () => {
  it('is learned from labels for each token, places without one left out', async () => {
    const model = languageModel(1);
    const { model: learned } = await train(model, 'fine-tune', {}, await counting(model, true));
    expect(await nextWords(model)).not.toEqual([1, 2, 3, 4, 5, 0]);
    expect(await nextWords(learned)).toEqual([1, 2, 3, 4, 5, 0]);

    const teacher = join(temporaryFolder(), 'teacher.onnx');
    await writeModel(learned, teacher);
    const student = languageModel(11);
    const { model: taught, notes } = await train(student, 'distil', { teacher }, await counting(student, false));
    expect(await nextWords(taught)).toEqual([1, 2, 3, 4, 5, 0]);
    expect(notes.join(' ')).toContain('The data has no labels: learned from the teacher alone.');
  });

  it('needs as many labels as there are answers', async () => {
    const model = languageModel(1);
    await expect(train(model, 'fine-tune', {}, await counting(model, true, length - 1))).rejects.toThrow(
      /the output gives 80 answers for 16 samples, and there are 64 labels/,
    );
  });
});
