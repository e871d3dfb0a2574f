import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { fusionReport } from '../../../src-main/inspect';
import { staticInt8 } from '../../../src-main/quantize/methods/static-int8';
import { quantizeStep } from '../../../src-main/quantize/step';
import { modelFromText } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

/** onnxruntime folds the bias to a constant, and then makes a float Gemm of product and sum. */
const text = `g (float[N,2] x) => (float[N,2] z) <float[2,2] w = {1, -2, 0.5, 0.3}, float[2] b = {1, 2}> {
  [first] y = MatMul(x, w)
  bias = Neg(b)
  [second] m = MatMul(y, w)
  [sum] z = Add(m, bias)
}`;

describe('the read-back', () => {
  it('takes pairs out again that the runtime did not fuse, says so, and looks again', async () => {
    const model = modelFromText(text);
    const dataset = await tinyDataset(model, { x: float32([2, 2], [1, 2, -1, 3]) });
    const options = resolveOptions(staticInt8.options, { rounding: 'nearest' }, 'test');
    const result = await quantizeStep.run(model, 'static-int8', options, {}, stepContext(model, { dataset }));
    expect(result).toMatchObject({ eligible: 2, changed: 1 });
    expect(result.skipped).toEqual([{ node: 'second', reason: 'onnxruntime runs it as Gemm in float all the same' }]);
    expect(result.notes.join(' ')).toMatch(/1 node got its Q\/DQ pairs taken out again.*\(Gemm\)/);
    const { orphans } = await fusionReport(result.model);
    expect(orphans.filter(({ of }) => of === 'weight')).toEqual([]);
  });
});
