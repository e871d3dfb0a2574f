import { describe, expect, test } from 'vitest';
import { modelText } from '../../../../src-main/onnx/file';
import {
  attributes,
  floatTensor,
  type Graph,
  type Model,
  makeNode,
  makeValue,
  type Node,
  Patch,
  sortTopologically,
} from '../../../../src-main/onnx/ir';
import { modelFromText } from '../../../support/model-from-text';

const model = () =>
  modelFromText(`g (float[2] x) => (float[2] y) <float[2] w = {1, 2}, float[2] b> {
    [abs] a = Abs (x)
    [add] b = Add (a, w)
    [neg] y = Neg (b)
  }`);

const bodyText = (graph: Graph) =>
  modelText({ ...model(), graph })
    .split('\n')
    .slice(1, -1)
    .map((line) => line.trim())
    .join('\n');

describe('Patch', () => {
  test('before and after, and the plan as text', () => {
    const patch = new Patch(model().graph)
      .replaceNode('add', makeNode('Mul', 'mul', ['a', 'w'], ['b']))
      .setInitializer(floatTensor('w', [2], [3, 4]))
      .setValue('b', makeValue('b', 'float32', [2]));
    expect(patch.toString()).toBe('~ add → b = Mul(a, w) "mul"\n= w: float32[2]\n: b');
    expect(bodyText(patch.apply())).toBe(
      [
        'g (float[2] x) => (float[2] y)',
        '<float[2] w = {3, 4},',
        'float[2] b>',
        '{',
        '[abs] a = Abs (x)',
        '[mul] b = Mul (a, w)',
        '[neg] y = Neg (b)',
        '}',
      ].join('\n'),
    );
  });

  test('the graph that it was made for stays as it was', () => {
    const { graph } = model();
    const before = bodyText(graph);
    new Patch(graph).removeNode('abs').redirect('a', 'x').removeInitializer('unknown').apply();
    expect(bodyText(graph)).toBe(before);
  });

  test('an added node takes the place that its edges give it', () => {
    const { graph } = model();
    const patched = new Patch(graph)
      .addNode(makeNode('Relu', 'relu', ['a'], ['r']))
      .redirect('a', 'r')
      .apply();
    expect(patched.nodes.map(({ name }) => name)).toEqual(['abs', 'relu', 'add', 'neg']);
    expect(patched.nodes[1]?.inputs).toEqual(['a']);
  });

  test('redirect reaches into bodies, but not where a body makes the name itself', () => {
    const { graph } = modelFromText(`g (float[2] x, bool c) => (float[2] y) {
      [abs] a = Abs (x)
      [if] y = If (c) <
        then_branch = t () => (float[2] r) { [n1] r = Neg (a) },
        else_branch = e () => (float[2] s) { [n2] a = Exp (x) [n3] s = Neg (a) }
      >
    }`);
    const patched = new Patch(graph).redirect('a', 'x').apply();
    const text = bodyText(patched);
    expect(text).toContain('[n1] r = Neg (x)');
    expect(text).toContain('[n3] s = Neg (a)');
  });

  test('no fresh name hides a value from a body that reads it of a graph further out', () => {
    const { graph } = modelFromText(`g (float[2] x, bool c) => (float[2] y) {
      [if] y = If (c) <
        then_branch = t () => (float[2] r) { [n1] r = If (c) <
          then_branch = tt () => (float[2] u) { [n2] u = Neg (x) },
          else_branch = te () => (float[2] v) { [n3] w = Abs (x) [n4] v = Neg (w) }
        > },
        else_branch = e () => (float[2] s) { [n5] s = Exp (x) }
      >
    }`);
    const [outer] = attributes.subgraphsOf(graph.nodes[0] as Node);
    const patch = new Patch(outer?.graph as Graph);
    expect(['x', 'c', 'r', 'w'].map((name) => patch.freshName(name))).toEqual(['x_1', 'c_1', 'r_1', 'w']);
  });

  test('fresh names are free and differ from each other', () => {
    const patch = new Patch(model().graph);
    expect(['a', 'a', 'new', 'new'].map((name) => patch.freshName(name))).toEqual(['a_1', 'a_2', 'new', 'new_1']);
  });

  test.each<[string, (patch: Patch) => Patch, string]>([
    ['a value made twice', (it) => it.addNode(makeNode('Abs', 'twice', ['x'], ['b'])), 'value "b" would be made twice'],
    ['two nodes of one name', (it) => it.addNode(makeNode('Abs', 'neg', ['x'], ['z'])), 'two nodes are called "neg"'],
    [
      'a value that nothing makes',
      (it) => it.removeNode('abs'),
      'Add "add" would read "a", which nothing makes any more',
    ],
    ['an initializer that is still read', (it) => it.removeInitializer('w'), 'would read "w"'],
    ['an output that is not made', (it) => it.removeNode('neg'), 'output "y" would not be made any more'],
    ['a ring', (it) => it.replaceNode('abs', makeNode('Abs', 'abs', ['b'], ['a'])), 'nodes form a ring: abs → add'],
    [
      'a node that reads itself',
      (it) => it.replaceNode('abs', makeNode('Add', 'abs', ['x', 'a'], ['a'])),
      'nodes form a ring: abs',
    ],
  ])('%s is refused whole', (_, plan, message) => {
    expect(() => plan(new Patch(model().graph)).apply()).toThrow(message);
  });
});

describe('sortTopologically', () => {
  test('keeps the given order among free nodes', () => {
    const nodes = [
      makeNode('Add', 'last', ['b', 'c'], ['d']),
      makeNode('Abs', 'first', ['x'], ['b']),
      makeNode('Abs', 'free', ['x'], ['e']),
      makeNode('Abs', 'second', ['b'], ['c']),
    ];
    expect(sortTopologically('g', nodes).map(({ name }) => name)).toEqual(['first', 'second', 'last', 'free']);
  });

  test('a chain of 100,000 nodes, the wrong way round, is no matter of the stack', () => {
    const count = 100_000;
    const nodes = Array.from({ length: count }, (_, at) => makeNode('Abs', `n${at}`, [`v${at}`], [`v${at + 1}`]));
    expect(sortTopologically('g', nodes.toReversed()).at(-1)?.name).toBe(`n${count - 1}`);
  });

  test('a body that captures a value stands after its maker', () => {
    const { graph }: Model = modelFromText(`g (bool c, float x) => (float y) {
      [if] y = If (c) <then_branch = t () => (float r) { r = Neg (a) }, else_branch = e () => (float s) { s = Exp (a) }>
      [abs] a = Abs (x)
    }`);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['abs', 'if']);
  });
});
