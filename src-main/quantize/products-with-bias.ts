/**
 * A matrix product with a constant added becomes a Gemm, whose bias goes along into the integer kernel. Left as they
 * are, onnxruntime itself makes a Gemm of the two, but one of floats: its int8 Gemm takes no float bias.
 */

import { elementCount, type Graph, indexGraph, makeNode, type Node, Patch, type Tensor } from '../onnx/ir';
import { constantsOf } from './constants';

/** @param rank of a value; undefined where unknown */
export function productsWithBias(graph: Graph, rank: (value: string) => number | undefined): Graph {
  const index = indexGraph(graph);
  const constants = constantsOf(index);
  const patch = new Patch(graph);
  for (const node of graph.nodes) {
    if (node.opType !== 'MatMul' || node.domain !== '') continue;
    const [input, weight] = node.inputs as [string, string];
    const columns = constants.tensor(weight)?.shape;
    if (columns?.length !== 2 || rank(input) !== 2 || index.isOutput(node.outputs[0] as string)) continue;
    const bias = biasBehind(node);
    if (bias === null || !isRow(constants.tensor(bias.value), columns[1] as number)) continue;
    const inputs = [input, weight, bias.value];
    patch.removeNode(bias.add.name);
    patch.replaceNode(node.name, makeNode('Gemm', node.name, inputs, bias.add.outputs));
  }
  return patch.isEmpty ? graph : patch.apply();

  function biasBehind(product: Node): { add: Node; value: string } | null {
    const [output] = product.outputs as [string];
    const [add, ...others] = index.consumers(output);
    if (add === undefined || others.length > 0 || add.opType !== 'Add' || add.domain !== '') return null;
    const value = add.inputs.find((input) => input !== output);
    return value === undefined ? null : { add, value };
  }
}

/** [columns] or [1, columns] */
function isRow(tensor: Tensor | undefined, columns: number): boolean {
  const shape = tensor?.shape ?? [];
  return shape.length <= 2 && shape.at(-1) === columns && elementCount(shape) === columns;
}
