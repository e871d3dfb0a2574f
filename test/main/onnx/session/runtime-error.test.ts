import { describe, expect, it } from 'vitest';
import { openSession } from '../../../../src-main/onnx/session';
import { runtimeError } from '../../../../src-main/onnx/session/runtime-error';
import { modelFromText } from '../../../support/model-from-text';

/** What onnxruntime itself says about each of these models becomes one sentence. */
const refused: readonly [what: string, model: string, says: string | RegExp][] = [
  [
    'an operator that it lacks',
    'g (float[2] x) => (float[2] y) { [odd] y = Foo (x) }',
    'g: Foo "odd": opset 21 of ai.onnx has no operator Foo that onnxruntime knows; check the opset that the file states, or replace the operator when exporting',
  ],
  [
    'an operator of a domain that it lacks',
    '<ir_version: 10, opset_import: ["" : 21, "mine" : 1]> g (float[2] x) => (float[2] y) { [odd] y = mine.Foo (x) }',
    'g: uses the operator Foo of domain mine, which onnxruntime does not have; export without custom operators, or define it as a function in the model',
  ],
  [
    'types that it has no kernel for',
    'g (int4[2] x) => (int4[2] y) { [odd] y = Identity (x) }',
    'g: Identity "odd": onnxruntime has no CPU kernel of Identity version 21 for the types it is given; replace the operator when exporting, or cast its inputs to float32 or int64',
  ],
  [
    'an operator of an old opset',
    '<ir_version: 3, opset_import: ["" : 6]> g (float[2] x) => (float[2] y) { [old] y = Add (x, x) }',
    'g: Add "old": onnxruntime no longer has Add as opset 6 defines it; raise the opset: begin the recipe with the step clean, method raise-opset (in a shell: lathe clean MODEL --out DIR --method raise-opset)',
  ],
  [
    'an opset of the future',
    '<ir_version: 10, opset_import: ["" : 99]> g (float[2] x) => (float[2] y) { y = Relu (x) }',
    /^g: needs opset 99 of ai\.onnx; onnxruntime supports up to \d+; export with opset \d+ or lower$/,
  ],
  [
    'an input of a type that cannot be handed over',
    'g (bfloat16[2] x) => (bfloat16[2] y) { y = Identity (x) }',
    'g: has an input or output of type bfloat16, which the runtime cannot hand over; put a Cast at that edge when exporting',
  ],
  [
    'shapes that do not go together',
    'g (float[2, 3] x, float[4, 5] z) => (float[2, 5] y) { [odd] y = MatMul (x, z) }',
    'g: MatMul "odd": Incompatible dimensions for matrix multiplication; check what the exporter made of this node',
  ],
  [
    'inputs of different types',
    'g (float[2] x, int64[2] z) => (float[2] y) { [odd] y = Add (x, z) }',
    'g: Add "odd": its inputs are of different types: tensor(float) and tensor(int64)',
  ],
];

describe('a model that onnxruntime refuses', () => {
  for (const [what, text, says] of refused) {
    it(`${what}: one sentence, with the original as its cause`, async () => {
      const thrown = await openSession(modelFromText(text)).catch((error: unknown) => error as Error);
      expect(thrown).toBeInstanceOf(Error);
      const { message, cause } = thrown as Error;
      if (typeof says === 'string') expect(message).toBe(says);
      else expect(message).toMatch(says);
      expect(cause).toBeInstanceOf(Error);
    });
  }
});

describe('a run that fails', () => {
  it('names the node, without C++ paths', async () => {
    const session = await openSession(
      modelFromText('g (float[a, b] x) => (float[7, 3] y) <int64[2] s = {7, 3}> { [re] y = Reshape (x, s) }'),
    );
    const run = session.run({ x: { dtype: 'float32', shape: [2, 2], data: new Float32Array(4) } });
    await expect(run).rejects.toThrow(
      /^g: Reshape "re": .*cannot be reshaped to the requested shape.*; check the shapes and values that the data feeds$/,
    );
    await expect(run).rejects.not.toThrow(/\.h:|onnxruntime::/);
    await session.release();
  });
});

it('passes on what it does not know, without paths of C++ sources', () => {
  const { message } = runtimeError(
    'm.onnx',
    new Error('Load model from /a/m.onnx failed:/src/core/graph.cc:12 bad thing.'),
  );
  expect(message).toBe('m.onnx: onnxruntime refuses it: bad thing');
});
