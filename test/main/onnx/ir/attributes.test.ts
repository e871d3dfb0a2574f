import { describe, expect, test } from 'vitest';
import { attributes, floatTensor, makeNode } from '../../../../src-main/onnx/ir';
import { modelFromText } from '../../../support/model-from-text';

const value = floatTensor('', [1], [1]);
const node = makeNode('Op', 'n', ['x'], ['y'], {
  axis: attributes.int(-1),
  large: attributes.int(2n ** 63n - 1n),
  pads: attributes.ints([1, 2n]),
  alpha: attributes.float(0.5),
  scales: attributes.floats([1, 2]),
  mode: attributes.string('same'),
  value: attributes.tensor(value),
});

describe('reading attributes', () => {
  test('of each type, and the fallback where they are absent', () => {
    expect(attributes.intOf(node, 'axis', 0)).toBe(-1);
    expect(attributes.intOf(node, 'absent', 7)).toBe(7);
    expect(attributes.intsOf(node, 'pads', null)).toEqual([1, 2]);
    expect(attributes.floatOf(node, 'alpha', 1)).toBe(0.5);
    expect(attributes.floatsOf(node, 'scales', null)).toEqual([1, 2]);
    expect(attributes.stringOf(node, 'mode', '')).toBe('same');
    expect(attributes.stringOf(node, 'absent', 'default')).toBe('default');
    expect(attributes.tensorOf(node, 'value')).toBe(value);
  });

  test('INT64_MAX is kept whole', () => {
    expect(node.attributes.get('large')).toEqual({ type: 'int', value: 9_223_372_036_854_775_807n });
  });

  test('another type than expected is an error that names node and attribute', () => {
    expect(() => attributes.intOf(node, 'mode', 0)).toThrow('Op "n": attribute "mode" should be int, is string');
  });

  test('subgraphsOf gives every body with the attribute that holds it', () => {
    const { graph } = modelFromText(
      'g (bool c) => (float y) { y = If (c) <then_branch = t () => (float a) {}, else_branch = e () => (float b) {}> }',
    );
    const found = graph.nodes.flatMap(attributes.subgraphsOf);
    expect(found.map((it) => [it.attribute, it.index, it.graph.name])).toEqual([
      ['then_branch', 0, 't'],
      ['else_branch', 0, 'e'],
    ]);
  });
});
