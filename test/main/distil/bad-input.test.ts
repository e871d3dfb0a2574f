import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../../src-main/contract';
import type { Dataset } from '../../../src-main/data/dataset';
import { distilStep } from '../../../src-main/distil/step';
import { readTensor, writeModel } from '../../../src-main/onnx/file';
import {
  attributes,
  floatTensor,
  type Model,
  type NdArray,
  type Node,
  type Tensor,
  tensorFromArray,
} from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { temporaryFolder } from '../../support/folder';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { writeNpz } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { openFor } from '../../support/tiny-dataset';

const rows = 40;

/** Two layers on vectors of 4, three classes. */
const student = (first = randomTensor('first', [4, 8], 1)): Model =>
  modelFromText(
    `<ir_version: 10, opset_import: ["" : 18]>
     g (float[N, 4] x) => (float[N, 3] y) {
       h = MatMul(x, first)
       e = Exp(h)
       y = MatMul(e, second)
     }`,
    [first, randomTensor('second', [8, 3], 2)],
  );

/** `rows` vectors; without labels where none are given. */
async function dataFor(model: Model, labels: readonly number[] | null, count = rows, spoil = false): Promise<Dataset> {
  const folder = temporaryFolder();
  const x: NdArray = {
    dtype: 'float32',
    shape: [count, 4],
    data: new Float32Array(4 * count).map((_, at) => (spoil && at === 9 ? Number.NaN : Math.sin(at))),
  };
  const named = labels ?? [];
  const values = Array.from({ length: count }, (_, at) => named[at % Math.max(1, named.length)] ?? 0);
  const classes: NdArray = values.every(Number.isInteger)
    ? { dtype: 'int64', shape: [count], data: BigInt64Array.from(values, BigInt) }
    : { dtype: 'float32', shape: [count], data: Float32Array.from(values) };
  writeNpz(join(folder, 'calib.npz'), {
    x,
    ...(labels === null ? {} : { labels: classes }),
  });
  return openFor(model, folder);
}

interface Given {
  readonly method?: string;
  readonly labels?: readonly number[] | null;
  readonly more?: Partial<Parameters<typeof stepContext>[1]>;
  readonly targets?: Parameters<typeof distilStep.run>[3];
}

async function train(model: Model, options: Record<string, unknown>, given: Given = {}) {
  const { method = 'fine-tune', labels = [0, 1, 2], more = {}, targets = {} } = given;
  const spec = distilStep.methods.find(({ name }) => name === method);
  const dataset = await dataFor(model, labels);
  const resolved = resolveOptions(spec?.options ?? {}, { epochs: 2, batch: 8, ...options }, 'options');
  return distilStep.run(model, method, resolved, targets, stepContext(model, { dataset, ...more }));
}

async function saved(model: Model): Promise<string> {
  const path = join(temporaryFolder(), 'teacher.onnx');
  await writeModel(model, path);
  return path;
}

describe('a training is refused before it begins', () => {
  it('where teacher and student have other classes', async () => {
    const teacher = await saved(
      modelFromText(
        `<ir_version: 10, opset_import: ["" : 18]> g (float[N, 4] x) => (float[N, 5] y) { y = MatMul(x, w) }`,
        [randomTensor('w', [4, 5], 1)],
      ),
    );
    await expect(train(student(), { teacher }, { method: 'distil' })).rejects.toThrow(
      /output "y" gives float32\[1, 5\], the student has 3 classes; teacher and student must give the same classes/,
    );
  });

  it('where the teacher reads what the data does not have', async () => {
    const teacher = await saved(
      modelFromText(
        `<ir_version: 10, opset_import: ["" : 18]> g (float[N, 4] other) => (float[N, 3] y) { y = MatMul(other, w) }`,
        [randomTensor('w', [4, 3], 1)],
      ),
    );
    await expect(train(student(), { teacher }, { method: 'distil' })).rejects.toThrow(
      /^teacher .*: takes the input "other", and the student takes "x"; teacher and student must take the same inputs/,
    );
  });

  it('where there is no teacher file', async () => {
    await expect(train(student(), { teacher: '/nowhere/teacher.onnx' }, { method: 'distil' })).rejects.toThrow(
      /nowhere\/teacher\.onnx/,
    );
  });

  it('where the loss needs labels and there are none', async () => {
    await expect(train(student(), {}, { labels: null })).rejects.toThrow(
      /^distil fine-tune: learns from labels, and the data has none; add a "labels" array to the data, or take the method distil and name a model in the option teacher/,
    );
    await expect(train(student(), {}, { labels: null, method: 'distil' })).rejects.toThrow(
      /add a "labels" array to the data, or name a model in the option teacher/,
    );
    await expect(train(student(), { alpha: 0 }, { labels: null, method: 'recover' })).rejects.toThrow(
      /or let the teacher have a share of the loss \(alpha above 0\)$/,
    );
  });

  it('where there is one sample, which cannot be learned from and judged by', async () => {
    const dataset = await dataFor(student(), [0, 1, 2], 1);
    await expect(train(student(), {}, { more: { dataset } })).rejects.toThrow(
      /has 1 sample to train with, and at least 2 are needed/,
    );
  });

  it('where hints are asked for and there is no teacher', async () => {
    await expect(train(student(), { hints: ['h'] }, { method: 'distil' })).rejects.toThrow(
      /^distil distil: hints bring values .*, and there is no teacher; name one in the option teacher/,
    );
  });

  it('where a label names a class that the model does not have', async () => {
    await expect(train(student(), {}, { labels: [0, 3] })).rejects.toThrow(
      /labels: name class 3, and the output has the classes 0 to 2/,
    );
  });

  it('where everything is frozen', async () => {
    await expect(train(student(), {}, { targets: { include: ['nothing'] } })).rejects.toThrow(
      /every tensor is frozen; let the targets include at least one weight/,
    );
  });

  it('where the weights are float16, with what to do', async () => {
    const half = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) { n = Cast <to = 10> (x)  h = MatMul(n, w)  y = Cast <to = 1> (h) }`,
      [{ name: 'w', dtype: 'float16', shape: [4, 3], data: { kind: 'inline', bytes: new Uint8Array(24).fill(0x3c) } }],
    );
    await expect(train(half, {})).rejects.toThrow(
      /every tensor is frozen: weights of type float16 are not trained; train the float32 model, and make it smaller afterwards/,
    );
  });

  it('where no differentiable path leads from the weights to the output', async () => {
    const stepped = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) { h = MatMul(x, w)  y = Round(h) }`,
      [randomTensor('w', [4, 3], 1)],
    );
    await expect(train(stepped, {})).rejects.toThrow(
      /^Round ".*": no differentiable path leads from a trained tensor to the loss: it ends here, since it is a step function/,
    );
  });

  it('where an operator on the way has no gradient, with what can be done', async () => {
    const chosen = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) {
         h = MatMul(x, w)
         size = ReduceMax <keepdims = 0> (x)
         far = Greater(size, zero)
         y = If (far) <
           then_branch = a () => (float[N, 3] t) { t = Exp(h) },
           else_branch = b () => (float[N, 3] e) { e = Identity(h) }
         >
       }`,
      [randomTensor('w', [4, 3], 1), floatTensor('zero', [], [0])],
    );
    expect((await train(chosen, {})).changed).toBe(1);
    const repeated = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) {
         h = MatMul(x, w)
         y = Loop (, on, h) <body = b (int64 i, bool c, float[N, 3] s) => (bool go, float[N, 3] t) {
           t = Mul(s, s)
           low = ReduceMin <keepdims = 0> (t)
           go = Greater(low, zero)
         }>
       }`,
      [
        randomTensor('w', [4, 3], 1),
        floatTensor('zero', [], [0]),
        tensorFromArray('on', { dtype: 'bool', shape: [], data: Uint8Array.of(1) }),
      ],
    );
    await expect(train(repeated, {})).rejects.toThrow(
      /Loop ".*": cannot be differentiated: how often its body runs is decided in its body; export the model with its loop unrolled/,
    );
    const unknown = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) { h = MatMul(x, w)  y = Hardmax(h) }`,
      [randomTensor('w', [4, 3], 1)],
    );
    await expect(train(unknown, {})).rejects.toThrow(/^Hardmax ".*": no differentiable path/);
  });

  it('but not where such operators are not on the way from the weights', async () => {
    const behind = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) {
         last, sums = Scan <num_scan_inputs = 1, body = b (float[4] s, float[4] i) => (float[4] o, float[4] p) {
           o = Add(s, i)
           p = Identity(o)
         }> (zero, x)
         sequence = Unsqueeze(sums, axis)
         all, h, c = LSTM <hidden_size = 2, clip = 3.0> (sequence, w, r)
         state = Squeeze(all, axes)
         half = Cast <to = 10> (state)
         mixed = MatMul(half, narrow)
         wide = Cast <to = 1> (mixed)
         y = Gemm(wide, head)
       }`,
      [
        floatTensor('zero', [4], [0, 0, 0, 0]),
        randomTensor('w', [1, 8, 4], 1),
        randomTensor('r', [1, 8, 2], 2),
        randomTensor('head', [2, 3], 3),
        {
          name: 'narrow',
          dtype: 'float16',
          shape: [2, 2],
          data: { kind: 'inline', bytes: new Uint8Array(8).fill(0x3c) },
        },
        { name: 'axis', dtype: 'int64', shape: [1], data: { kind: 'inline', bytes: new Uint8Array(8) } },
        tensorFromArray('axes', { dtype: 'int64', shape: [2], data: BigInt64Array.of(0n, 1n) }),
      ],
    );
    const { changed } = await train(behind, {}, { targets: { ops: ['Gemm'] } });
    expect(changed).toBe(1);
  });

  it('where the output is no row of class scores', async () => {
    const open = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[M, K] y) { h = MatMul(x, w)  ok = Greater(h, zero)  p = NonZero(ok)  f = Cast <to = 1> (p)  y = Identity(f) }`,
      [randomTensor('w', [4, 3], 1), floatTensor('zero', [], [0])],
    );
    await expect(train(open, {})).rejects.toThrow(/output "y": its last axis has no known size/);
  });

  it('where there is nothing to learn from', async () => {
    const dataset = await dataFor(student(), [0, 1, 2]);
    const none = { more: { dataset: { ...dataset, train: null, calibration: null } as Dataset } };
    await expect(train(student(), {}, none)).rejects.toThrow(
      /has neither a train nor a calibration split; add a train\.npz/,
    );
  });

  it('where a batch does not fit into memory', async () => {
    const wide = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) { h = MatMul(x, first)  r = Relu(h)  y = MatMul(r, second) }`,
      [randomTensor('first', [4, 20_000], 1), randomTensor('second', [20_000, 3], 2)],
    );
    await expect(train(wide, { batch: 36, memoryLimit: 10 })).rejects.toThrow(
      /a batch of 36: needs about \d+ MB for a training step, and 10 MB are free; a batch of \d+ fits/,
    );
  });
});

describe('a training that goes astray', () => {
  const wild = { optimizer: 'sgd', learningRate: 10, schedule: 'constant', warmup: 0, clipNorm: 0, epochs: 50 };

  it('stops at the step, names the layer, and its last good weights are to be had', async () => {
    const cacheDir = temporaryFolder();
    const given = { more: { cacheDir, ...unwatched() } };
    const refusal = await train(student(), wild, given).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refusal).toMatch(
      /training: the (loss|gradient) was no longer finite at step \d+ \(epoch \d+, learning rate 10/,
    );
    expect(refusal).toMatch(
      /Exp "[^"]*" was the first whose values were not finite|the gradient of "first" was the first/,
    );
    const stopAfter = Number(/set stopAfter to (\d+)/.exec(refusal)?.[1]);
    expect(stopAfter).toBeGreaterThan(0);
    const { model, performed } = await train(student(), { ...wild, stopAfter }, given);
    expect(performed).toEqual({ stopAfter });
    for (const tensor of model.graph.initializers.values())
      expect(new Float32Array((tensor.data as { bytes: Uint8Array }).bytes.slice().buffer).every(Number.isFinite)).toBe(
        true,
      );
  });

  it('names the layer that is not finite from the start', async () => {
    const huge = tensorFromArray('first', { dtype: 'float32', shape: [4, 8], data: new Float32Array(32).fill(500) });
    await expect(train(student(huge), { learningRate: 1e-3 })).rejects.toThrow(
      /at step 1 .*: MatMul "[^"]*" was the first whose values were not numbers, as they are with the weights that it began with; check the model and the preprocessing/,
    );
  });

  it('names the weight that the file holds broken', async () => {
    const broken = randomTensor('first', [4, 8], 1);
    const data = readTensor(broken).data as Float32Array;
    data[3] = Number.NaN;
    const model = student(tensorFromArray('first', { dtype: 'float32', shape: [4, 8], data }));
    await expect(train(model, {})).rejects.toThrow(
      /at step 1 .*: "first" holds NaN or infinite numbers in the file; check the model/,
    );
  });

  it('names the input of the data that is not finite, and asks for no other learning rate', async () => {
    const dataset = await dataFor(student(), [0, 1, 2], rows, true);
    await expect(train(student(), {}, { more: { dataset } })).rejects.toThrow(
      /: input "x" of the samples holds NaN or infinite numbers; check the model and the preprocessing of the data/,
    );
  });
});

describe('a model with a condition that never changes', () => {
  it('is trained through the branch that it takes, weights of the branch included', async () => {
    const chosen = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) {
         h = MatMul(x, w)
         y = If (yes) <
           then_branch = a () => (float[N, 3] t) <float[3] shift = {0.1, 0.2, 0.3}> { t = Add(h, shift) },
           else_branch = b () => (float[N, 3] e) { e = Identity(h) }
         >
       }`,
      [randomTensor('w', [4, 3], 1), tensorFromArray('yes', { dtype: 'bool', shape: [], data: Uint8Array.of(1) })],
    );
    const { changed, eligible, skipped } = await train(chosen, {});
    expect({ changed, eligible, skipped }).toEqual({ changed: 2, eligible: 2, skipped: [] });
  });
});

describe('a model with a Scan of its own and a state that was learned', () => {
  it('is trained with the weights of the body and the state, and runs as before with them', async () => {
    const recurrent = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y) {
         turned = Transpose(x)
         n = Shape <start = 0, end = 1> (x)
         shape = Concat <axis = 0> (n, two)
         start = Expand(state, shape)
         steps = Unsqueeze(turned, last)
         end, all = Scan <num_scan_inputs = 1, body = b (float[N, 2] s, float[N, 1] i) => (float[N, 2] o, float[N, 2] p)
           <float[1, 2] inside = {0.4, -0.3}, float[2, 2] back = {0.1, 0.2, -0.2, 0.3}> {
           a = MatMul(i, inside)
           r = MatMul(s, back)
           z = Add(a, r)
           o = Tanh(z)
           p = Identity(o)
         }> (start, steps)
         y = MatMul(end, head)
       }`,
      [
        floatTensor('state', [2], [0.3, -0.4]),
        randomTensor('head', [2, 3], 1),
        ...[
          ['two', 2],
          ['last', -1],
        ].map(([name, value]) =>
          tensorFromArray(name as string, {
            dtype: 'int64',
            shape: [1],
            data: BigInt64Array.of(BigInt(value as number)),
          }),
        ),
      ],
    );
    const { model, changed, skipped } = await train(recurrent, { learningRate: 0.01 });
    expect({ changed, skipped }).toEqual({ changed: 4, skipped: [] });
    const scan = model.graph.nodes.find(({ opType }) => opType === 'Scan') as Node;
    expect(attributes.subgraphsOf(scan)[0]?.graph.nodes).toHaveLength(5);
    const values = readTensor(model.graph.initializers.get('inside') as Tensor).data as Float32Array;
    expect(values[0]).not.toBe(Math.fround(0.4));
    expect((await openSession(model)).outputs.map(({ name }) => name)).toEqual(['y']);
  });
});

describe('weights that stay as they were', () => {
  it('are counted with the reason', async () => {
    const model = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 3] y, float[N, 2] other) {
         c = Sub(x, mean)
         h = MatMul(c, w)
         y = Add(h, bias)
         other = MatMul(c, aside)
       }`,
      [
        randomTensor('mean', [4], 1),
        randomTensor('w', [4, 3], 2),
        randomTensor('bias', [3], 3),
        randomTensor('aside', [4, 2], 4),
      ],
    );
    const { changed, eligible, skipped } = await train(model, {});
    expect({ changed, eligible }).toEqual({ changed: 2, eligible: 4 });
    expect(skipped.map(({ reason }) => reason)).toEqual([
      '"mean" is read by Sub as a number of the calculation, not as a weight: frozen',
      'no derivative of the output reaches "aside": it stayed as it was',
    ]);
  });
});

describe('labels that are no whole numbers', () => {
  it('are refused with what they are', async () => {
    await expect(train(student(), {}, { labels: [0.5, 1] })).rejects.toThrow(
      /labels of shape \[40\] and type float32 are no classes/,
    );
  });
});
