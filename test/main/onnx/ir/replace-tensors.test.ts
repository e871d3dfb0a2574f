import { expect, it } from 'vitest';
import { attributes, floatTensor, type Model, replaceTensors, type Tensor } from '../../../../src-main/onnx/ir';
import { modelFromText } from '../../../support/model-from-text';

const model = modelFromText(
  `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
  g (bool k, float[2] x) => (float[2] y) <float[2] w = {1, 2}, float[2] twin = {1, 2}> {
    c = Constant <value = float[2] {3, 4}> ()
    a = Mul (x, w)
    b = Add (a, c)
    d = own.f (b)
    e = Add (d, twin)
    y = If (k) <
      then_branch = t () => (float[2] p) <float[2] v = {5, 6}> { p = Add (e, v) },
      else_branch = e () => (float[2] q) { q = Neg (e) }
    >
  }
  <domain: "own", opset_import: ["" : 21]>
  f (i) => (o) { h = Constant <value = float[2] {7, 8}> () o = Add (i, h) }`,
);

/** Every tensor by where it lies. */
function tensors({ graph, functions }: Model): Record<string, Tensor | undefined> {
  const branch = attributes.subgraphsOf(graph.nodes.at(-1) as never)[0]?.graph;
  return {
    initializer: graph.initializers.get('w'),
    twin: graph.initializers.get('twin'),
    constant: attributes.tensorOf(graph.nodes[0] as never, 'value'),
    body: branch?.initializers.get('v'),
    inFunction: attributes.tensorOf(functions[0]?.nodes[0] as never, 'value'),
  };
}

it('finds tensors by identity in initializers, Constants, bodies and functions', () => {
  const before = tensors(model);
  for (const place of ['initializer', 'constant', 'body', 'inFunction']) {
    const other = floatTensor('other', [2], [0, 0]);
    const after = tensors(replaceTensors(model, new Map([[before[place] as Tensor, other]])));
    expect(after).toEqual({ ...before, [place]: other });
    expect(after[place]).toBe(other);
  }
});

it('keeps the graph where it holds none of them, and what it does not touch', () => {
  expect(replaceTensors(model, new Map())).toBe(model);
  const stranger = floatTensor('w', [2], [1, 2]);
  expect(replaceTensors(model, new Map([[stranger, stranger]])).graph).toBe(model.graph);
  const { graph } = replaceTensors(model, new Map([[model.graph.initializers.get('w') as Tensor, stranger]]));
  expect(graph.nodes).toBe(model.graph.nodes);
});
