import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { coreGraph, matchNodes, sameWeights, weightsOf } from '../../../src-main/inspect';
import { readModel } from '../../../src-main/onnx/file';
import { type Graph, indexGraph, type Node } from '../../../src-main/onnx/ir';
import { modelFromText } from '../../support/model-from-text';
import { renamed } from '../../support/renamed';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const graphOf = async (name: string): Promise<Graph> => (await readModel(join(models, name))).graph;

function matched(before: Graph, after: Graph): Map<Node, Node> {
  const [old, now] = [coreGraph(indexGraph(before)), coreGraph(indexGraph(after))];
  return matchNodes(old, now, sameWeights(weightsOf(old), weightsOf(now)));
}

/** Share of the computing nodes of `before` that are matched with the very node that they are. */
function rightShare(before: Graph, match: Map<Node, Node>, right: (node: Node) => Node | undefined): number {
  const { nodes } = coreGraph(indexGraph(before));
  return nodes.filter((node) => match.has(node) && match.get(node) === right(node)).length / nodes.length;
}

describe('matchNodes', () => {
  it.each([
    'mnist-cnn/model-bn.onnx',
    'mnist-cnn/model-qdq.onnx',
    'emoji-resnet/model.onnx',
    'glyph-vit/model.onnx',
    'langid-transformer/model.onnx',
  ])('finds every node of %s again where every name is another', async (name) => {
    const graph = await graphOf(name);
    const other = renamed(graph);
    expect(rightShare(graph, matched(graph, other.graph), (node) => other.twinOf.get(node))).toBe(1);
  });

  it('finds the nodes of a model in its half-precision form under other names', async () => {
    const [float, half] = [
      await graphOf('langid-transformer/model.onnx'),
      await graphOf('langid-transformer/model-fp16.onnx'),
    ];
    const other = renamed(half);
    const byName = new Map(half.nodes.map((node) => [node.name, other.twinOf.get(node)]));
    expect(rightShare(float, matched(float, other.graph), ({ name }) => byName.get(name))).toBeGreaterThan(0.98);
  });

  it('finds the nodes of a float model in its static int8 form under other names', async () => {
    const [float, int8] = [await graphOf('../samples/digits/model.onnx'), await graphOf('mnist-cnn/model-qdq.onnx')];
    const other = renamed(int8);
    const match = matched(float, other.graph);
    // Its Relus are in the ranges of the int8 form.
    const kept = float.nodes.filter(({ opType }) => opType !== 'Relu');
    expect(kept.map((node) => match.get(node)?.opType)).toEqual(kept.map(({ opType }) => opType));
    const places = kept.map((node) => other.graph.nodes.indexOf(match.get(node) as Node));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('takes an integer product for the float one, and tells equal branches apart by their weights', () => {
    const float = modelFromText(
      `<ir_version: 8, opset_import: ["" : 13]>
      g (float[1, 16] x) => (float[1, 1] y) <float[16, 1] a = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, float[16, 1] b = {9, 1, 8, 2, 7, 3, 6, 4, 5, 5, 4, 6, 3, 7, 2, 8}> {
        [first] p = MatMul (x, a)
        [second] q = MatMul (x, b)
        [end] y = Sub (p, q)
      }`,
    );
    const integer = modelFromText(
      `<ir_version: 8, opset_import: ["" : 13]>
      g (float[1, 16] x) => (float[1, 1] y) <int8[16, 1] b2 = {90, 10, 80, 20, 70, 30, 60, 40, 50, 50, 40, 60, 30, 70, 20, 80}, int8[16, 1] a2 = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, float s = {1}> {
        xq, xs, xz = DynamicQuantizeLinear (x)
        [n1] r = MatMulInteger (xq, b2, xz)
        [n2] t = MatMulInteger (xq, a2, xz)
        rf = Cast <to = 1> (r)
        tf = Cast <to = 1> (t)
        scale = Mul (xs, s)
        rs = Mul (rf, scale)
        ts = Mul (tf, scale)
        [n3] y = Sub (ts, rs)
      }`,
    );
    const pairs = [...matched(float.graph, integer.graph)].map(([a, b]) => [a.name, b.name]);
    expect(new Map(pairs as [string, string][])).toEqual(
      new Map([
        ['first', 'n2'],
        ['second', 'n1'],
        ['end', 'n3'],
      ]),
    );
  });

  it('trusts names that two exporters number by chance as little as that', () => {
    const before = modelFromText(
      'g (float[4] x) => (float[4] y) { [Relu_1] a = Relu (x) [Neg_2] b = Neg (a) [Relu_3] c = Relu (b) [Abs_4] y = Abs (c) }',
    ).graph;
    const after = modelFromText(
      'g (float[4] x) => (float[4] z) { [Relu_3] p = Relu (x) [Neg_1] q = Neg (p) [Relu_1] r = Relu (q) [Abs_2] z = Abs (r) }',
    ).graph;
    const pairs = [...matched(before, after)].map(([a, b]) => [before.nodes.indexOf(a), after.nodes.indexOf(b)]);
    expect(new Map(pairs as [number, number][])).toEqual(
      new Map([
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
    );
  });
});
