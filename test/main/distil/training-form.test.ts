import { describe, expect, it } from 'vitest';
import { trainingForm } from '../../../src-main/distil/training-form';
import { type Feeds, floatTensor, type Model } from '../../../src-main/onnx/ir';
import { modelFromText, randomTensor } from '../../support/model-from-text';

/** A cell with an activation of nobody's, which is not written out, between two layers; what it gives is beside `plain` an output. */
const strange = (): Model =>
  modelFromText(
    `<ir_version: 10, opset_import: ["" : 18]>
     g (float[N, 4] x) => (float[N, 3] y, float[N, 3] plain) {
       before = MatMul(x, first)
       sequence = Unsqueeze(before, axis)
       all, last = LSTM <hidden_size = 2, activations = ["Sigmoid", "Swish", "Tanh"]> (sequence, w, r)
       state = Squeeze(last, axis)
       y = MatMul(state, second)
       plain = MatMul(before, third)
     }`,
    [
      randomTensor('first', [4, 4], 1),
      randomTensor('w', [1, 8, 4], 2),
      randomTensor('r', [1, 8, 2], 3),
      randomTensor('second', [2, 3], 4),
      randomTensor('third', [4, 3], 5),
      { name: 'axis', dtype: 'int64', shape: [1], data: { kind: 'inline', bytes: new Uint8Array(8) } },
    ],
  );

const sample: Feeds = { x: { dtype: 'float32', shape: [1, 4], data: new Float32Array(4) } };
const formOf = (trained: readonly string[], output: string) =>
  trainingForm(strange(), sample, 8, false, { trained, learnedFrom: [output] });

describe('trainingForm', () => {
  it('refuses a form that it does not write out where a trained weight stands before it', async () => {
    await expect(formOf(['first'], 'y')).rejects.toThrow(/LSTM .*the activation Swish/);
    await expect(formOf(['w'], 'y')).rejects.toThrow(/LSTM .*the activation Swish/);
  });

  it.each([
    ['before all that is trained', ['second'], 'y'],
    ['after which no loss comes', ['first'], 'plain'],
  ])('leaves a node %s as it is', async (_, trained, output) => {
    const { model } = await formOf(trained, output);
    expect(model.graph.nodes.filter(({ opType }) => opType === 'LSTM')).toHaveLength(1);
  });

  it('puts a Gelu in pieces together, unless one of its pieces is learned from', async () => {
    const gelu = modelFromText(
      `<ir_version: 10, opset_import: ["" : 18]>
       g (float[N, 4] x) => (float[N, 4] y) {
         before = MatMul(x, first)
         scaled = Div(before, root)
         erf = Erf(scaled)
         raised = Add(erf, one)
         product = Mul(before, raised)
         y = Mul(product, half)
       }`,
      [
        randomTensor('first', [4, 4], 1),
        floatTensor('root', [], [Math.SQRT2]),
        floatTensor('one', [], [1]),
        floatTensor('half', [], [0.5]),
      ],
    );
    const opsOf = async (learnedFrom: readonly string[]) => {
      const { model } = await trainingForm(gelu, sample, 8, false, { trained: ['first'], learnedFrom });
      return model.graph.nodes.map((node) => node.opType);
    };
    expect(await opsOf(['y'])).toEqual(['MatMul', 'Gelu']);
    expect(await opsOf(['y', 'erf'])).toContain('Erf');
  });
});
