import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src-main/contract';
import { readModel } from '../../../src-main/onnx/file';
import { attributes } from '../../../src-main/onnx/ir';
import { blockWeights } from '../../../src-main/quantize/methods/block-weights';
import { stepContext } from '../../support/step-context';
import { openFor } from '../../support/tiny-dataset';

const folder = fileURLToPath(new URL('../../models/langid-transformer', import.meta.url));

async function mixed(options: Record<string, unknown>) {
  const model = await readModel(`${folder}/model.onnx`);
  const dataset = await openFor(`${folder}/model.onnx`, folder);
  const chosen = resolveOptions(
    blockWeights.options,
    { bits: '2', samples: 8, algorithm: 'k-quant', ...options },
    'test',
  );
  const { model: made, notes } = await blockWeights.run(model, chosen, {}, stepContext(model, { dataset }));
  const products = made.graph.nodes.filter(({ opType }) => opType === 'MatMulNBits');
  const bits = products.map((node) => attributes.intOf(node, 'bits', 0));
  const weights = products.map((node) => attributes.intOf(node, 'K', 0) * attributes.intOf(node, 'N', 0));
  const mean = bits.reduce((sum, b, i) => sum + b * weights[i]!, 0) / weights.reduce((a, b) => a + b);
  const decibels = Number(/stay within (\S+) dB/.exec(notes.join('\n'))?.[1]);
  return { bits, mean, notes, decibels };
}

describe('a mixture of bits', () => {
  it('spends a mean number of bits on the weights that cost the outputs most', async () => {
    const few = await mixed({ mix: 'bits', meanBits: 2 });
    const some = await mixed({ mix: 'bits', meanBits: 5 });
    const all = await mixed({ mix: 'bits', meanBits: 8 });
    expect(new Set(few.bits)).toEqual(new Set([2]));
    expect(new Set(some.bits)).toEqual(new Set([2, 8]));
    expect(new Set(all.bits)).toEqual(new Set([8]));
    expect(some.mean).toBeLessThanOrEqual(5);
    // No weight of this model is as much as a twelfth of all: that much of the budget may be left over.
    expect(some.mean).toBeGreaterThan(4.5);
    // The worse half in 8 bits takes more than half of the error's power away.
    expect(some.decibels).toBeGreaterThan(few.decibels + 3);
    expect(all.decibels).toBeGreaterThan(some.decibels);
  });

  it('goes on until the outputs are near enough, and no further', async () => {
    const loose = await mixed({ mix: 'error', fidelity: 10 });
    const tight = await mixed({ mix: 'error', fidelity: 20 });
    expect(loose.decibels).toBeGreaterThanOrEqual(10);
    expect(tight.decibels).toBeGreaterThanOrEqual(20);
    expect(loose.mean).toBeLessThan(tight.mean);
    expect(tight.mean).toBeLessThan(8);
  });

  it('says how far it got where the budget is out of reach', async () => {
    const { bits, notes } = await mixed({ mix: 'error', fidelity: 60 });
    expect(new Set(bits)).toEqual(new Set([8]));
    expect(notes.join('\n')).toMatch(/budget of 60 dB cannot be met: 8 bits for every weight give \d+\.\d dB/);
    expect((await mixed({ bits: '4', mix: 'bits', meanBits: 3 })).notes.join('\n')).toMatch(
      /budget of 3 bits cannot be met: these weights have 4\.00/,
    );
  });
});
