import { describe, expect, it } from 'vitest';
import { multiplySmallDepthwise } from '../../../src-main/distil/small-depthwise';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

const opTypes = async (model: ReturnType<typeof modelFromText>) =>
  (await multiplySmallDepthwise(model)).graph.nodes.map((node) => node.opType);

const depthwise = (size: number) =>
  modelFromText(`<ir_version: 9, opset_import: ["" : 18]>
  g (float[N, 3, ${size}, ${size}] x, float[3, 1, 3, 3] w, float[3] b) => (float[N, 3, ${size}, ${size}] y) {
    y = Conv<group=3, pads=[1, 1, 1, 1]>(x, w, b)
  }`);

describe('multiplySmallDepthwise', () => {
  it('gives what the Conv gave', async () => {
    const model = depthwise(5);
    // Nine products of float32 summed in another order.
    await expectSameOutputs(model, await multiplySmallDepthwise(model), { tolerance: 1e-6 });
    expect(await opTypes(model)).not.toContain('Conv');
  });

  it('leaves large maps to the Conv', async () => {
    expect(await opTypes(depthwise(12))).toEqual(['Conv']);
  });

  it('leaves a Conv with more channels a group', async () => {
    const grouped = modelFromText(`<ir_version: 9, opset_import: ["" : 18]>
    g (float[1, 4, 4, 4] x, float[2, 2, 1, 1] w) => (float[1, 2, 4, 4] y) {
      y = Conv<group=2>(x, w)
    }`);
    expect(await opTypes(grouped)).toEqual(['Conv']);
  });
});
