import { expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { int8Weights } from '../../../../src-main/quantize/methods/int8-weights';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { stepContext } from '../../../support/step-context';

it('stores a product of 2 × 3 blocks as MatMulNBits of 8 bits, always with integer activations', async () => {
  const model = modelFromText('g (float[N,32] x) => (float[N,3] y) { [product] y = MatMul(x, w) }', [
    randomTensor('w', [32, 3], 1),
  ]);
  const options = resolveOptions(int8Weights.options, { block: 16 }, 'test');
  const { model: changed } = await int8Weights.run(model, options, {}, stepContext(model));
  const [node] = changed.graph.nodes;
  expect(node).toMatchObject({ opType: 'MatMulNBits', domain: 'com.microsoft', name: 'product' });
  expect(node?.attributes.get('bits')).toEqual({ type: 'int', value: 8n });
  // Level 0 of 8 bits takes many times as long as float32.
  expect(node?.attributes.get('accuracy_level')).toEqual({ type: 'int', value: 4n });
  expect(changed.graph.initializers.get('w_codes')?.shape).toEqual([3, 2, 16]);
  // 32 products of operands in steps of a 255th of about 4σ.
  await expectSameOutputs(model, changed, { tolerance: 0.02 });
});
