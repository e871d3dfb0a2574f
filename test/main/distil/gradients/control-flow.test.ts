import { describe, it } from 'vitest';
import { type Attribute, attributes } from '../../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../../support/check-gradient';
import { modelFromText } from '../../../support/model-from-text';

const { int, ints } = attributes;
const x = (shape: readonly number[]) => ({ shape, low: -1, high: 1 });

/** Attributes of a Scan with the body of that text, `c0` … being values around it. */
function scan(body: string, scanned: number, more: Readonly<Record<string, Attribute>> = {}) {
  return { body: attributes.graph(modelFromText(body).graph), num_scan_inputs: int(scanned), ...more };
}

const cell = `step (float[2, 3] s, float[2, 4] i) => (float[2, 3] next, float[2, 3] y) {
  m = Gemm <transB = 1> (s, c0)
  p = MatMul (i, c1)
  z = Add (m, p)
  b = Add (z, c2)
  next = Tanh (b)
  y = Mul (next, p)
}`;
const captured = [x([3, 3]), x([4, 3]), x([3])];

const rows: GradientRow[] = [
  {
    op: 'Scan',
    inputs: [x([2, 3]), x([5, 2, 4])],
    outputs: 2,
    captured,
    attributes: scan(cell, 1),
  },
  {
    op: 'Scan',
    title: 'any length and batch, without the last state',
    inputs: [
      { ...x([2, 3]), symbolic: ['n', 3] },
      { ...x([5, 2, 4]), symbolic: ['t', 'n', 4] },
    ],
    outputs: 2,
    captured,
    attributes: scan(cell.replaceAll('[2, ', '[n, '), 1),
  },
  {
    op: 'Scan',
    title: 'from the end, along other axes',
    inputs: [x([2, 3]), x([2, 4, 5])],
    outputs: 2,
    captured,
    attributes: scan(cell, 1, {
      scan_input_axes: ints([-1]),
      scan_input_directions: ints([1]),
      scan_output_axes: ints([1]),
      scan_output_directions: ints([1]),
    }),
  },
  {
    op: 'Scan',
    title: 'several sequences, a counter, a state handed through',
    inputs: [x([3]), { ints: [0], shape: [] }, x([3]), x([4, 3]), { ...x([4, 3]), frozen: true }],
    silent: 3,
    attributes: scan(
      `g (float[3] s, int64 n, float[3] k, float[3] i, float[3] j) => (float[3] next, int64 m, float[3] l, float[3] y) <int64 one = {1}, float half = {0.5}> {
        m = Add (n, one)
        real = Cast <to = 1> (m)
        a = Mul (i, real)
        b = Mul (s, k)
        c = Mul (b, half)
        d = Add (a, c)
        next = Sin (d)
        l = Identity (k)
        y = Mul (next, j)
      }`,
      2,
    ),
  },
  {
    op: 'Scan',
    title: 'in a Scan',
    inputs: [x([3]), x([4, 2, 3])],
    outputs: 2,
    captured: [x([3])],
    attributes: scan(
      `outer (float[3] s, float[2, 3] i) => (float[3] last, float[2, 3] y) {
        last, y = Scan <num_scan_inputs = 1, body = inner (float[3] t, float[3] j) => (float[3] after, float[3] out) {
          q = Mul (t, c0)
          sum = Add (q, j)
          after = Sigmoid (sum)
          out = Mul (after, s)
        }> (s, i)
      }`,
      1,
    ),
  },
  {
    op: 'Scan',
    title: 'a state that nothing changes',
    inputs: [x([3]), x([4, 3])],
    outputs: 2,
    attributes: scan(
      `g (float[3] s, float[3] i) => (float[3] same, float[3] y) {
        same = Identity (s)
        y = Mul (s, i)
      }`,
      1,
    ),
  },
];

/** Attributes of an If with these branches, each as text of nodes that give `t`, and `u` where there are two. */
function branches(then: string, otherwise: string, outputs = '(float[2, 3] t)') {
  const body = (name: string, nodes: string) =>
    attributes.graph(modelFromText(`${name} () => ${outputs} { ${nodes} }`).graph);
  return { then_branch: body('yes', then), else_branch: body('no', otherwise) };
}
const condition = (value: number) => ({ bools: [value], shape: [] });

const conditional: GradientRow[] = [1, 0].flatMap((taken) => [
  {
    op: 'If',
    title: `what both branches read, ${taken === 1 ? 'then' : 'else'}`,
    inputs: [condition(taken)],
    captured: [x([2, 4]), x([4, 3]), x([3])],
    attributes: branches('m = MatMul (c0, c1)  t = Tanh (m)', 'm = MatMul (c0, c1)  b = Add (m, c2)  t = Mul (b, b)'),
  },
  {
    op: 'If',
    title: `two outputs, one of them handed on, ${taken === 1 ? 'then' : 'else'}`,
    inputs: [condition(taken)],
    outputs: 2,
    captured: [x([2, 3]), { ...x([2, 3]), symbolic: ['n', 3] }],
    attributes: branches(
      't = Identity (c0)  e = Exp (c1)  u = Mul (e, c0)',
      'd = Sin (c0)  t = Add (d, d)  u = Identity (c0)',
      '(float[2, 3] t, float[2, 3] u)',
    ),
  },
  {
    op: 'If',
    title: `in an If, with operators that give more in the backward, ${taken === 1 ? 'then' : 'else'}`,
    inputs: [condition(1)],
    captured: [x([2, 3]), x([3]), x([3]), condition(taken)],
    attributes: branches(
      `t = If (c3) <
         then_branch = inner () => (float[2, 3] v) { v = LayerNormalization (c0, c1, c2) },
         else_branch = other () => (float[2, 3] w) { s = Mul (c0, c1)  w = Sigmoid (s) }
       >`,
      't = Identity (c0)',
    ),
  },
  {
    op: 'Scan',
    title: `with an If, ${taken === 1 ? 'then' : 'else'}`,
    inputs: [x([3]), x([4, 3])],
    outputs: 2,
    captured: [x([3]), condition(taken)],
    attributes: scan(
      `g (float[3] s, float[3] i) => (float[3] next, float[3] y) {
         a = If (c1) <
           then_branch = inner () => (float[3] v) { p = Mul (i, c0)  v = Add (p, s) },
           else_branch = other () => (float[3] w) { w = Mul (s, i) }
         >
         next = Tanh (a)
         y = Mul (next, i)
       }`,
      1,
    ),
  },
]);

describe('gradients of control flow', () => {
  it.each(
    [...rows, ...conditional].map(
      (row) => [`${row.op}${row.title === undefined ? '' : `, ${row.title}`}`, row] as const,
    ),
  )('%s', async (_, row) => {
    await checkGradient(row);
  });
});
