import { describe, expect, test } from 'vitest';
import { capturedBy, indexGraph, type Node } from '../../../../src-main/onnx/ir';
import { modelFromText } from '../../../support/model-from-text';

const { graph } = modelFromText(`g (float x, bool c) => (float y, float a) <float w = {1}> {
  [abs] a = Abs (x)
  [add] b = Add (a, a)
  [if] y = If (c) <
    then_branch = t () => (float r) <float inner = {2}> { [n1] m = Add (b, inner) [n2] r = Neg (m) },
    else_branch = e () => (float w) { }
  >
}`);

describe('indexGraph', () => {
  const index = indexGraph(graph);

  test('producer: the node of a value; none for inputs and initializers', () => {
    expect(index.producer('b')?.name).toBe('add');
    expect(index.producer('x')).toBeUndefined();
    expect(index.producer('w')).toBeUndefined();
  });

  test('consumers: each node once, those whose bodies capture the value included', () => {
    expect(index.consumers('a').map(({ name }) => name)).toEqual(['add']);
    expect(index.consumers('b').map(({ name }) => name)).toEqual(['if']);
    expect(index.consumers('w').map(({ name }) => name)).toEqual(['if']);
    expect(index.consumers('y')).toEqual([]);
  });

  test('inputs, outputs, nodes by name', () => {
    expect([index.isInput('x'), index.isInput('a'), index.isOutput('a'), index.isOutput('b')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(index.node('if')?.opType).toBe('If');
    expect(index.node('n1')).toBeUndefined();
  });
});

test('capturedBy: what bodies read from outside, and what they only pass on, but nothing of their own', () => {
  expect([...capturedBy(graph.nodes[2] as Node)].sort()).toEqual(['b', 'w']);
  expect([...capturedBy(graph.nodes[0] as Node)]).toEqual([]);
});
