import { describe, expect, it } from 'vitest';
import { readLastStates } from '../../../src-main/distil/last-states';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';

/** [5 steps, 2 rows, 4 wide] → a layer → what is read of it. */
function layer(reading: string, node: string, directions = 1) {
  return modelFromText(
    `<ir_version: 10, opset_import: ["" : 18]>
     g (float[5, 2, 4] x) => (float y)
     <int64 last = {-1}, int64 first = {0}, int64[1] zero = {0}, int64[1] one = {1}, int32[2] lengths = {5, 3}> {
       ${node}
       ${reading}
     }`,
    [randomTensor('w', [directions, 24, 4], 1), randomTensor('r', [directions, 24, 6], 2)],
  );
}

const forward = 'all = LSTM <hidden_size = 6> (x, w, r)';
const reversed = 'all = LSTM <hidden_size = 6, direction = "reverse"> (x, w, r)';
const both = 'all = LSTM <hidden_size = 6, direction = "bidirectional"> (x, w, r)';
const squeezed = 'states = Squeeze (all, one)';
const ofLast = `${squeezed} y = Gather (states, last)`;

describe('readLastStates', () => {
  it.each([
    ['the last step', forward, ofLast],
    ['with the axis of directions', forward, 'y = Gather (all, last)'],
    ['rows first', forward, `${squeezed} t = Transpose <perm = [1, 0, 2]> (states) y = Gather <axis = 1> (t, last)`],
    ['the first step of a reversed layer', reversed, `${squeezed} y = Gather (states, first)`],
    [
      'beside a last state that is read as well',
      'all, state = LSTM <hidden_size = 6> (x, w, r)',
      `${squeezed} a = Gather (states, last) b = Squeeze (state, zero) y = Add (a, b)`,
    ],
  ])('%s is the last state', async (_, node, reading) => {
    const model = layer(reading, node);
    const found = readLastStates(model, () => true, []);
    expect(found.graph.nodes.find(({ opType }) => opType === 'LSTM')?.outputs[0]).toBe('');
    await expectSameOutputs(model, found);
  });

  it.each([
    ['another step', forward, `${squeezed} y = Gather (states, first)`],
    ['the last step of a reversed layer', reversed, ofLast],
    ['both directions', both, 'y = Gather (all, last)', 2],
    ['sequences of their own lengths', 'all = LSTM <hidden_size = 6> (x, w, r, , lengths)', ofLast],
    ['all steps beside the last', forward, `${ofLast.replace('y', 'z')} y = Add (z, states)`],
    ['the last row', forward, `${squeezed} y = Gather <axis = 1> (states, last)`],
  ])('leaves %s', (_, node, reading, directions = 1) => {
    const model = layer(reading, node, directions);
    expect(readLastStates(model, () => true, [])).toBe(model);
  });

  it('leaves what must stay by its name, and what is not wanted', () => {
    const model = layer(ofLast, forward);
    expect(readLastStates(model, () => true, ['states'])).toBe(model);
    expect(readLastStates(model, () => false, [])).toBe(model);
    expect(readLastStates(model, () => true, ['y'])).not.toBe(model);
  });
});
