import { describe, expect, it } from 'vitest';
import { writeOutLoops } from '../../../src-main/distil/write-out-loops';
import { attributes, floatTensor, type Model, tensorFromArray } from '../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../support/check-gradient';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';

const x = (shape: readonly number[]) => ({ shape, low: -1, high: 1 });
const yes = tensorFromArray('yes', { dtype: 'bool', shape: [], data: Uint8Array.of(1) });
const count = (name: string, value: number) =>
  tensorFromArray(name, { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) });

const model = (nodes: string, outputs = 'float[N, 3] y, float[T, N, 3] all'): Model =>
  modelFromText(
    `<ir_version: 9, opset_import: ["" : 18]> g (float[T, N, 3] x, float[N, 3] s) => (${outputs}) { ${nodes} }`,
    [randomTensor('w', [3, 3], 1, 0.5), yes, count('three', 3), floatTensor('half', [], [0.5])],
  );
/** As a traced `for` over the first axis. */
const steps = (trips: string, condition: string, after = 'go = Identity (on)'): Model =>
  model(
    `n = Shape <start = 0, end = 1> (x)
     first = Squeeze (n)
     y, all = Loop (${trips}, ${condition}, s) <body = b (int64 i, bool on, float[N, 3] h) => (bool go, float[N, 3] next, float[N, 3] out) {
       row = Gather (x, i)
       m = MatMul (h, w)
       a = Add (m, row)
       next = Tanh (a)
       out = Mul (next, row)
       ${after}
     }>`,
  );

describe('a Loop as a Scan', () => {
  it.each([
    ['over a computed number of rounds', steps('first', '')],
    ['with a condition that is handed on', steps('first', 'yes')],
    ['with a condition that is always true', steps('first', 'yes', 'go = Cast <to = 9> (yes)')],
    ['over a fixed number of rounds', steps('three', 'yes')],
    [
      'with a state that is handed on, and its number',
      model(
        `y, k, all = Loop (three, yes, s, half) <body = b (int64 i, bool on, float[N, 3] h, float f) => (bool on, float[N, 3] next, float f, float[N, 3] h) {
           r = Cast <to = 1> (i)
           g = Add (r, f)
           next = Mul (h, g)
         }>`,
      ),
    ],
  ])('%s gives the same', async (_, before) => {
    const after = await writeOutLoops(before);
    expect(after.graph.nodes.map(({ opType }) => opType)).toContain('Scan');
    expect(after.graph.nodes.map(({ opType }) => opType)).not.toContain('Loop');
    await expectSameOutputs(before, after, { dims: { T: 3, N: 2 } });
  });

  const body = (text: string) => ({ body: attributes.graph(modelFromText(text).graph) });
  const rows: GradientRow[] = [
    {
      op: 'Loop',
      title: 'rows of what it captures',
      inputs: [{ ints: [4], shape: [] }, null, x([2, 3])],
      outputs: 2,
      captured: [x([4, 2, 3]), x([3, 3])],
      attributes: body(
        `b (int64 i, bool on, float[2, 3] h) => (bool go, float[2, 3] next, float[2, 3] out) {
           row = Gather (c0, i)
           m = MatMul (h, c1)
           a = Add (m, row)
           next = Tanh (a)
           out = Mul (next, row)
           go = Identity (on)
         }`,
      ),
      rewrite: writeOutLoops,
    },
    {
      op: 'Loop',
      title: 'without a state',
      inputs: [
        { ints: [3], shape: [] },
        { bools: [1], shape: [] },
      ],
      captured: [x([5, 3])],
      attributes: body(
        `b (int64 i, bool on) => (bool go, float[3] out) { row = Gather (c0, i)  out = Exp (row)  go = Identity (on) }`,
      ),
      rewrite: writeOutLoops,
    },
  ];
  it.each(rows.map((row) => [row.title as string, row] as const))('%s has a gradient', async (_, row) => {
    await checkGradient(row);
  });

  it('is refused where it is none', async () => {
    await expect(writeOutLoops(steps('', 'yes'))).rejects.toThrow(
      /Loop ".*": cannot be differentiated: how often its body runs is decided in its body; export the model with its loop unrolled/,
    );
    await expect(
      writeOutLoops(steps('three', 'yes', 'low = ReduceMin <keepdims = 0> (next)  go = Less (low, half)')),
    ).rejects.toThrow(/its body may end it before the last round/);
    await expect(
      writeOutLoops(
        model(
          `none = SequenceEmpty ()
           all = Loop (three, yes, none) <body = b (int64 i, bool on, seq(float[N, 3]) h) => (bool on, seq(float[N, 3]) next) {
             next = SequenceInsert (h, s)
           }>
           y = ConcatFromSequence <axis = 0> (all)`,
          'float[M, 3] y',
        ),
      ),
    ).rejects.toThrow(/it carries sequences from round to round/);
  });

  it('is refused where a state grows', async () => {
    await expect(
      writeOutLoops(
        model(
          `seven = Exp (w)
           y = Loop (three, yes, seven) <body = b (int64 i, bool on, float[K, 3] h) => (bool on, float[L, 3] next) {
             next = Concat <axis = 0> (h, h)
           }>`,
          'float[M, 3] y',
        ),
      ),
    ).rejects.toThrow(/"seven" changes its shape from round to round/);
  });

  it('is left where it is not asked for', async () => {
    const before = steps('', 'yes');
    expect(await writeOutLoops(before, () => false)).toBe(before);
  });
});
