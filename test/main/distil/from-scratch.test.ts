import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../../src-main/contract';
import { distilStep } from '../../../src-main/distil/step';
import { evaluate } from '../../../src-main/evaluate';
import { Random } from '../../../src-main/kernels/random';
import { writeModel } from '../../../src-main/onnx/file';
import { int64Tensor, type Model, type NdArray } from '../../../src-main/onnx/ir';
import { temporaryFolder } from '../../support/folder';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { writeNpz } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { openFor } from '../../support/tiny-dataset';

const [length, words, width] = [8, 10, 16];
/** Weights that say nothing; training begins with random ones anyway. */
const blank = (name: string, shape: readonly number[]) => randomTensor(name, shape, 1, 0);

/** Embedding → LSTM → the last state → dense. */
const lstm = modelFromText(
  `<ir_version: 10, opset_import: ["" : 18]>
   g (int64[N, 8] text) => (float[N, 2] scores) {
     embedded = Gather(table, text)
     steps = Transpose <perm = [1, 0, 2]> (embedded)
     all, last = LSTM <hidden_size = 16> (steps, w, r, b)
     flat = Reshape(last, flatten)
     scores = Gemm <transB = 1> (flat, dense, bias)
   }`,
  [
    blank('table', [words, width]),
    blank('w', [1, 4 * width, width]),
    blank('r', [1, 4 * width, width]),
    blank('b', [1, 8 * width]),
    blank('dense', [2, width]),
    blank('bias', [2]),
    int64Tensor('flatten', [2], [-1, width]),
  ],
);

/** Embedding and positions → attention of one head, with residuals and norms → mean over the text → dense. */
const transformer = modelFromText(
  `<ir_version: 10, opset_import: ["" : 18]>
   g (int64[N, 8] text) => (float[N, 2] scores) {
     embedded = Gather(table, text)
     placed = Add(embedded, positions)
     normed = LayerNormalization(placed, scale1, shift1)
     q = MatMul(normed, wq)  k = MatMul(normed, wk)  v = MatMul(normed, wv)
     kt = Transpose <perm = [0, 2, 1]> (k)
     product = MatMul(q, kt)  scaled = Mul(product, quarter)
     attention = Softmax <axis = -1> (scaled)
     seen = MatMul(attention, v)
     first = Add(placed, seen)
     again = LayerNormalization(first, scale2, shift2)
     wide = MatMul(again, up)  bent = Relu(wide)  narrow = MatMul(bent, down)
     second = Add(first, narrow)
     whole = ReduceMean <keepdims = 0> (second, one)
     scores = Gemm <transB = 1> (whole, dense, bias)
   }`,
  [
    blank('table', [words, width]),
    blank('positions', [length, width]),
    ...['wq', 'wk', 'wv'].map((name) => blank(name, [width, width])),
    ...['scale1', 'shift1', 'scale2', 'shift2'].map((name) => blank(name, [width])),
    blank('up', [width, 32]),
    blank('down', [32, width]),
    blank('dense', [2, width]),
    blank('bias', [2]),
    randomTensor('quarter', [], 1, 0),
    int64Tensor('one', [1], [1]),
  ].map((tensor) =>
    tensor.name === 'quarter'
      ? { ...tensor, data: { kind: 'inline' as const, bytes: new Uint8Array(Float32Array.of(0.25).buffer) } }
      : tensor,
  ),
);

/** Texts of ten words; class 1 where word 3 stands anywhere before word 7. */
function texts(count: number, seed: number): Record<string, NdArray> {
  const random = new Random(seed);
  const text = new BigInt64Array(count * length);
  const labels = new BigInt64Array(count);
  for (let row = 0; row < count; row++) {
    const line = Array.from({ length }, () => random.below(words));
    // Half of the texts get both words, in either order.
    if (row % 2 === 0) {
      const places = random.shuffle([0, 1, 2, 3, 4, 5, 6, 7]).slice(0, 2).sort();
      const isFirst = random.uniform() < 0.5;
      line[places[0] as number] = isFirst ? 3 : 7;
      line[places[1] as number] = isFirst ? 7 : 3;
    }
    line.forEach((word, at) => {
      text[row * length + at] = BigInt(word);
    });
    labels[row] = line.indexOf(3) >= 0 && line.lastIndexOf(7) > line.indexOf(3) ? 1n : 0n;
  }
  return {
    text: { dtype: 'int64', shape: [count, length], data: text },
    labels: { dtype: 'int64', shape: [count], data: labels },
  };
}

async function trained(model: Model, options: Record<string, unknown>) {
  const folder = temporaryFolder();
  writeNpz(join(folder, 'calib.npz'), texts(64, 2));
  writeNpz(join(folder, 'train.npz'), texts(2000, 1));
  writeNpz(join(folder, 'test.npz'), texts(500, 3));
  const spec = distilStep.methods.find(({ name }) => name === 'fine-tune');
  const given = { weights: 'random', batch: 32, learningRate: 0.01, ...options };
  const dataset = await openFor(model, folder);
  const context = stepContext(model, { dataset });
  const made = await distilStep.run(
    model,
    'fine-tune',
    resolveOptions(spec?.options ?? {}, given, 'options'),
    {},
    context,
  );
  const path = join(folder, 'model.onnx');
  await writeModel(made.model, path);
  const asked = {
    model: path,
    baseline: null,
    data: folder,
    dims: {},
    threads: 1,
    batch: 50,
    cacheDir: null,
    quick: true,
  };
  return evaluate(asked, unwatched());
}

describe('a text classifier trained from random weights', () => {
  it.each([
    ['embedding, LSTM, dense', lstm, 8],
    ['a small transformer encoder', transformer, 12],
  ] as const)('%s: learns the order of words, judged on texts it has not seen', async (_, model, epochs) => {
    const evaluation = await trained(model, { epochs });
    expect(evaluation.metrics.accuracy?.value).toBeGreaterThan(0.9);
    const [, found] = evaluation.classes?.perClass ?? [];
    expect(found?.recall).toBeGreaterThan(0.75);
    expect(found?.f1).toBeGreaterThan(0.75);
  });
});
