/** Models of a few nodes, made in memory. */

import {
  type Graph,
  type Model,
  makeGraph,
  makeModel,
  makeValue,
  type Node,
  type Tensor,
} from '../../src-main/onnx/ir';

/** A graph of the given nodes; inputs and outputs are float32 values by name. */
export function smallGraph(
  nodes: readonly Node[],
  initializers: readonly Tensor[],
  ends: { inputs?: Record<string, (number | string)[]>; outputs?: Record<string, (number | string)[]> } = {},
): Graph {
  const values = (shapes: Record<string, (number | string)[]> = {}) =>
    Object.entries(shapes).map(([name, shape]) => makeValue(name, 'float32', shape));
  return makeGraph({
    name: 'small',
    nodes,
    inputs: values(ends.inputs),
    outputs: values(ends.outputs),
    initializers: new Map(initializers.map((tensor) => [tensor.name, tensor])),
  });
}

export function smallModel(graph: Graph, opset = 17): Model {
  return makeModel(graph, new Map([['', opset]]), 8);
}
