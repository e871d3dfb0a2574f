import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { Random } from '../../../src-main/kernels/random';
import { attributes, floatTensor, makeNode, type NdArray, type Node } from '../../../src-main/onnx/ir';
import { featureLayout } from '../../../src-main/prune/features';
import { observe, type Sum } from '../../../src-main/prune/observe';
import { findWeights } from '../../../src-main/prune/weights';
import { smallGraph, smallModel } from '../../support/small-model';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const random = new Random(3);
const array = (shape: number[]): NdArray<'float32'> => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
});

async function observed(node: Node, shape: number[], x: NdArray<'float32'>, sum: Sum, opset = 17) {
  const ends = { inputs: { x: ['n', ...x.shape.slice(1)] as (string | number)[] }, outputs: { y: [] } };
  const graph = smallGraph([node], [floatTensor('w', shape, array(shape).data)], ends);
  const model = smallModel({ ...graph, outputs: [{ name: 'y', type: null }] }, opset);
  const dataset = await tinyDataset(model, { x });
  const [weight] = findWeights(model, {}, 0).weights;
  const layout = featureLayout(weight!);
  if (typeof layout === 'string') throw new Error(layout);
  const context = stepContext(model, { dataset });
  const sums = await observe(model, [{ weight: weight!, layout }], sum, 1000, context, unwatched());
  return sums.get(weight!) as Float64Array;
}

/** Σ over rows of x_i · x_j, in float64. */
function products(rows: number[][]): number[] {
  const width = rows[0]!.length;
  return Array.from({ length: width * width }, (_, at) =>
    rows.reduce((sum, row) => sum + row[Math.floor(at / width)]! * row[at % width]!, 0),
  );
}

/** The patches of x [n, c, h, w] under a 3×3 kernel with stride 2 and padding 1, rows [n · 2 · 2, c · 9]. */
function patches({ data, shape }: NdArray<'float32'>): number[][] {
  const [n, c, h, w] = shape as [number, number, number, number];
  const rows: number[][] = [];
  for (let i = 0; i < n; i++)
    for (let top = -1; top < h - 1; top += 2)
      for (let left = -1; left < w - 1; left += 2) {
        const row: number[] = [];
        for (let channel = 0; channel < c; channel++)
          for (let y = top; y < top + 3; y++)
            for (let z = left; z < left + 3; z++)
              row.push(y < 0 || z < 0 || y >= h || z >= w ? 0 : data[((i * c + channel) * h + y) * w + z]!);
        rows.push(row);
      }
  return rows;
}

function expectNear(got: Float64Array, expected: number[]): void {
  // float32 sums of a batch: a few units in the last place of the largest term.
  const largest = Math.max(...expected.map(Math.abs));
  expect(got).toHaveLength(expected.length);
  got.forEach((value, at) => {
    expect(Math.abs(value - expected[at]!)).toBeLessThan(1e-5 * largest);
  });
}

const conv = (group: number) =>
  makeNode('Conv', 'conv', ['x', 'w'], ['y'], {
    kernel_shape: attributes.ints([3, 3]),
    strides: attributes.ints([2, 2]),
    pads: attributes.ints([1, 1, 1, 1]),
    group: attributes.int(group),
  });

describe('observe', () => {
  it.each([13, 17, 18])('sums squares over all rows that a MatMul multiplies, opset %i', async (opset) => {
    const x = array([50, 4, 6]); // three axes: rows are 50 · 4
    const rows = Array.from({ length: 200 }, (_, row) => [...x.data.subarray(row * 6, row * 6 + 6)]);
    const expected = Array.from({ length: 6 }, (_, j) => rows.reduce((sum, row) => sum + row[j]! ** 2, 0));
    expectNear(await observed(makeNode('MatMul', 'm', ['x', 'w'], ['y']), [6, 5], x, 'squares', opset), expected);
  });

  it('sums products of features, for a transposed Gemm', async () => {
    const x = array([70, 5]);
    const rows = Array.from({ length: 70 }, (_, row) => [...x.data.subarray(row * 5, row * 5 + 5)]);
    const gemm = makeNode('Gemm', 'g', ['x', 'w'], ['y'], { transB: attributes.int(1) });
    expectNear(await observed(gemm, [3, 5], x, 'products'), products(rows));
  });

  it.each([9, 11, 17])('sees the patches of a convolution, padding and stride included, opset %i', async (opset) => {
    const x = array([10, 2, 4, 4]);
    expectNear(await observed(conv(1), [4, 2, 3, 3], x, 'products', opset), products(patches(x)));
  });

  it('keeps the groups of a convolution apart', async () => {
    const x = array([10, 4, 4, 4]);
    const rows = patches(x);
    const expected = Array.from({ length: 36 }, (_, j) => rows.reduce((sum, row) => sum + row[j]! ** 2, 0));
    expectNear(await observed(conv(2), [6, 2, 3, 3], x, 'squares'), expected);
  });
});
