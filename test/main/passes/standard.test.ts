import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src-main/onnx/file';
import type { Model } from '../../../src-main/onnx/ir';
import { cleanStep } from '../../../src-main/passes/step';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';
import { stepContext } from '../../support/step-context';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const clean = (model: Model) => cleanStep.run(model, 'standard', {}, {}, stepContext(model));

describe('clean standard', () => {
  it('leaves a vision transformer of torch with less than half its nodes, equal outputs, and nothing more to do', async () => {
    const before = await readModel(join(models, 'glyph-vit/model.onnx'));
    const { model: after, changed, notes } = await clean(before);
    expect(after.graph.nodes.length).toBeLessThan(before.graph.nodes.length / 2);
    expect(changed).toBeGreaterThan(100);
    expect(notes[0]).toBe(`375 nodes became ${after.graph.nodes.length}`);
    expect(after.opsets).toEqual(before.opsets);
    expect(after.graph.inputs).toEqual(before.graph.inputs);
    expect(after.graph.outputs).toEqual(before.graph.outputs);
    await expectSameOutputs(before, after, { tolerance: 1e-5 });
    const again = await clean(after);
    expect(again.model).toBe(after);
    expect(again.notes).toEqual(['nothing to clean up']);
  });

  it('cleans a half-precision model without casts', async () => {
    const before = await readModel(join(models, 'langid-transformer/model-fp16.onnx'));
    const { model: after } = await clean(before);
    const casts = ({ graph }: Model): number => graph.nodes.filter(({ opType }) => opType === 'Cast').length;
    expect(casts(after)).toBeLessThanOrEqual(casts(before));
    expect(after.graph.nodes.length).toBeLessThan(before.graph.nodes.length / 1.5);
  });

  it('keeps to its targets', async () => {
    const model = modelFromText(
      `g (float[N] x) => (float[N] y) {
        [keep] a = Identity (x)
        [go] b = Identity (a)
        [end] y = Relu (b)
      }`,
    );
    const { model: after } = await cleanStep.run(model, 'standard', {}, { exclude: ['keep'] }, stepContext(model));
    expect(after.graph.nodes.map(({ name }) => name)).toEqual(['keep', 'end']);
  });
});

describe('a pass that fails', () => {
  it('names itself and the node, and leaves the model as it was', async () => {
    const model = modelFromText(
      `<ir_version: 3, opset_import: ["" : 8]>
      g (int64[2] lengths, float[2, 4, 3] x) => (float[2, 4, 3] y) {
        [scan] y = Scan <num_scan_inputs = 1, body = b (float[3] row) => (float[3] out) { out = Neg (row) }> (lengths, x)
      }`,
    );
    const before = JSON.stringify([...model.opsets]);
    const run = cleanStep.run(model, 'raise-opset', { opset: 21 }, {}, stepContext(model));
    await expect(run).rejects.toThrow(
      /^pass raise-opset: Scan "scan": Scan of opset 8 with a length for each sample .* \(raising to opset 9\)/,
    );
    expect(JSON.stringify([...model.opsets])).toBe(before);
  });
});
