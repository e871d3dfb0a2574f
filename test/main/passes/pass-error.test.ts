import { expect, it } from 'vitest';
import { LatheError } from '../../../src-main/contract';
import type { Node } from '../../../src-main/onnx/ir';
import type { Pass } from '../../../src-main/passes';
import { passes } from '../../../src-main/passes';
import { atNode, withContext } from '../../../src-main/passes/pass-error';
import { modelFromText } from '../../support/model-from-text';

const pass = passes[0] as Pass;

it('names the pass before what it says, and keeps the cause', async () => {
  const cause = new LatheError({ who: 'Conv "c"', what: 'is odd', code: 'usage' });
  const failing = withContext(pass, () => {
    throw cause;
  });
  await expect(failing).rejects.toMatchObject({ message: `pass ${pass.name}: Conv "c": is odd`, code: 'usage', cause });
});

it('lets a stop through as it is', async () => {
  const stop = new DOMException('stopped', 'AbortError');
  await expect(withContext(pass, () => Promise.reject(stop))).rejects.toBe(stop);
});

it('names the node for what does not name it, once', () => {
  const { graph } = modelFromText('g (float[2] x) => (float[2] y) { [r] y = Relu (x) }');
  const [node] = graph.nodes as [Node];
  const failing = (cause: Error) => () =>
    atNode(node, () => {
      throw cause;
    });
  expect(failing(new RangeError('too far'))).toThrow('Relu "r": too far');
  expect(failing(new LatheError({ who: 'weight "w"', what: 'is gone' }))).toThrow('Relu "r": weight "w": is gone');
  const named = new LatheError({ who: 'Relu "r"', what: 'is odd' });
  expect(failing(named)).toThrow(named);
});
