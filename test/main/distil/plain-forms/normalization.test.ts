import { describe, it } from 'vitest';
import { writePlainForms } from '../../../../src-main/distil/write-plain-forms';
import { attributes } from '../../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../../support/check-gradient';
import { expectSameOutputs, modelFromText } from '../../../support/model-from-text';

const x = (shape: readonly number[]) => ({ shape, low: -2, high: 2 });
const rows: GradientRow[] = [
  { op: 'MeanVarianceNormalization', title: 'maps', inputs: [{ ...x([2, 3, 3, 4]), symbolic: ['n', 3, 'h', 'w'] }] },
  {
    op: 'MeanVarianceNormalization',
    title: 'one axis',
    inputs: [x([2, 3, 4])],
    attributes: { axes: attributes.ints([1]) },
  },
];

describe('normalizations written out', () => {
  it('give the outputs of the kernel', async () => {
    const before = modelFromText(
      `<ir_version: 9, opset_import: ["" : 18]> g (float[N, 3, 4, 5] x) => (float y, float z) {
         y = MeanVarianceNormalization (x)
         z = MeanVarianceNormalization <axes = [1, 2]> (x)
       }`,
    );
    // Means of 40 numbers in another order.
    await expectSameOutputs(before, await writePlainForms(before), { tolerance: 1e-5 });
  });

  it.each(rows.map((row) => [`${row.op}, ${row.title}`, row] as const))('%s has a gradient', async (_, row) => {
    await checkGradient({ ...row, rewrite: writePlainForms });
  });
});
