import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import type { Model, NdArray, Node, Tensor } from '../../../src-main/onnx/ir';
import { observe } from '../../../src-main/quantize/calibrate';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import { centredHessianObserver } from '../../../src-main/quantize/centred-hessians';
import type { Hessian } from '../../../src-main/quantize/hessians';
import type { OpenInterval } from '../../../src-main/quantize/place';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

async function hessianOf(model: Model, x: NdArray, open: OpenInterval | null): Promise<Hessian> {
  const dataset = await tinyDataset(model, { x });
  const data = calibrationData(stepContext(model, { dataset }), 'test', 100);
  const node = model.graph.nodes[0] as Node;
  const observer = centredHessianObserver(node, model.graph.initializers.get('w') as Tensor, open);
  await observe({ model, data }, [observer], unwatched());
  return observer.hessian();
}

/** Weighted sums of outer products of the rows less their mean, worked out row by row. */
function centred(rows: readonly (readonly number[])[], counts: readonly number[]) {
  const total = counts.reduce((a, b) => a + b, 0);
  const mean = rows[0]!.map((_, j) => rows.reduce((sum, row, r) => sum + counts[r]! * row[j]!, 0) / total);
  const sum = mean.flatMap((mi, i) =>
    mean.map((mj, j) => rows.reduce((all, row, r) => all + counts[r]! * (row[i]! - mi) * (row[j]! - mj), 0)),
  );
  return { mean, sum };
}

function expectNear(actual: ArrayLike<number> | undefined, wanted: readonly number[]): void {
  // Sums of float32 products of numbers up to 10.
  expect(Array.from(actual ?? [])).toHaveLength(wanted.length);
  wanted.forEach((value, at) => {
    expect(actual![at]).toBeCloseTo(value, 3);
  });
}

const conv = modelFromText('g (float[N,1,1,3] x) => (float[N,1,1,2] y) <float[1,1,1,2] w = {1, 1}> { y = Conv(x, w) }');
const patches = [
  [1, 2],
  [2, 3],
];

describe('the centred Hessian', () => {
  it('of a Conv leaves the mean of its patches out', async () => {
    const hessian = await hessianOf(conv, float32([1, 1, 1, 3], [1, 2, 3]), null);
    expect(hessian).toMatchObject({ groups: 1, inputs: 2 });
    // (1, 2) and (2, 3) lie half a step on both sides of (1.5, 2.5).
    expectNear(hessian.sum, [0.5, 0.5, 0.5, 0.5]);
    expectNear(hessian.mean, [1.5, 2.5]);
  });

  it('hardly counts places that an activation cuts off', async () => {
    // y = 3 and 5: the second is above 4.
    const hessian = await hessianOf(conv, float32([1, 1, 1, 3], [1, 2, 3]), { value: 'y', low: 0, high: 4 });
    const wanted = centred(patches, [1, 0.02]);
    expectNear(hessian.sum, wanted.sum);
    expectNear(hessian.mean, wanted.mean);
  });

  it('has places of its own for each output of a small dense layer and of a depthwise one', async () => {
    const dense = modelFromText(
      'g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, -1, 0, 0}> { y = MatMul(x, w) }',
    );
    const rows = [
      [1, 2],
      [-3, 1],
      [2, -1],
    ];
    const hessian = await hessianOf(dense, float32([3, 2], rows.flat()), { value: 'y', low: 0, high: Infinity });
    // y = (x₀, −x₀).
    const [first, second] = [centred(rows, [1, 0.02, 1]), centred(rows, [0.02, 1, 0.02])];
    expect(hessian).toMatchObject({ groups: 2, inputs: 2 });
    expectNear(hessian.sum, [...first.sum, ...second.sum]);
    expectNear(hessian.mean, [...first.mean, ...second.mean]);

    const depthwise = modelFromText(
      'g (float[N,2,1,2] x) => (float[N,2,1,2] y) <float[2,1,1,1] w = {1, -1}> { y = Conv <group = 2> (x, w) }',
    );
    const each = await hessianOf(depthwise, float32([1, 2, 1, 2], [1, -2, 3, -4]), {
      value: 'y',
      low: 0,
      high: Infinity,
    });
    const channels = [centred([[1], [-2]], [1, 0.02]), centred([[3], [-4]], [0.02, 1])];
    expectNear(
      each.sum,
      channels.flatMap(({ sum }) => sum),
    );
    expectNear(
      each.mean,
      channels.flatMap(({ mean }) => mean),
    );
  });

  it('is shared by the outputs of a wide layer', async () => {
    const wide = modelFromText('g (float[N,40] x) => (float[N,3] y) { y = MatMul(x, w) }', [
      randomTensor('w', [40, 3], 1),
    ]);
    const hessian = await hessianOf(wide, float32([2, 40], new Float32Array(80).fill(1)), {
      value: 'y',
      low: 0,
      high: 6,
    });
    expect(hessian).toMatchObject({ groups: 1, inputs: 40 });
  });
});
