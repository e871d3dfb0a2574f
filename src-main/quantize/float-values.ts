/** Which values are float32, in a graph and in its bodies, where the runtime tells only the main graph's types. */

import { attributes, dtypeCode, type Graph, type Node, type TypeInfo } from '../onnx/ir';
import { subgraphsOf } from '../onnx/ir/attributes';

/** Make whole numbers or truth values whatever they read. */
const neverFloat = new Set(
  'Shape Size ArgMax ArgMin NonZero Equal Greater GreaterOrEqual Less LessOrEqual And Or Not Xor IsNaN IsInf NonMaxSuppression'.split(
    ' ',
  ),
);
/** Make what this operand is. */
const typeOperand: Readonly<Record<string, number>> = { Where: 1, OneHot: 2, CastLike: 1 };

/**
 * The float32 values of a graph.
 * @param known types by the runtime, for the main graph
 * @param outer float32 values of the graphs around this one
 */
export function float32Values(
  graph: Graph,
  known: ReadonlyMap<string, TypeInfo>,
  outer: ReadonlySet<string> = new Set(),
): Set<string> {
  const found = new Set(outer);
  const state = (name: string, float: boolean): void => {
    if (float) found.add(name);
    else found.delete(name);
  };
  for (const { name, type } of graph.inputs) state(name, isFloat(type));
  for (const tensor of graph.initializers.values()) state(tensor.name, tensor.dtype === 'float32');
  for (const node of graph.nodes) {
    node.outputs.forEach((output, at) => {
      if (output === '') return;
      const type = known.get(output) ?? graph.values.get(output)?.type ?? null;
      state(output, type === null ? guessFloat(node, at, found) : isFloat(type));
    });
  }
  return found;
}

function isFloat(type: TypeInfo | null): boolean {
  if (type === null) return false;
  if (type.kind === 'sequence' || type.kind === 'optional') return isFloat(type.element);
  return (type.kind === 'tensor' || type.kind === 'sparse-tensor') && type.dtype === 'float32';
}

function guessFloat(node: Node, at: number, found: ReadonlySet<string>): boolean {
  if (neverFloat.has(node.opType)) return false;
  if ((node.opType === 'TopK' || node.opType === 'MaxPool') && at === 1) return false;
  if (node.opType === 'Cast') return attributes.intOf(node, 'to', 0) === dtypeCode('float32');
  if (node.opType === 'Constant') {
    const tensor = attributes.tensorOf(node, 'value');
    return tensor === undefined
      ? node.attributes.has('value_float') || node.attributes.has('value_floats')
      : tensor.dtype === 'float32';
  }
  if (node.opType === 'ConstantOfShape') return (attributes.tensorOf(node, 'value')?.dtype ?? 'float32') === 'float32';
  const [body] = subgraphsOf(node);
  if (body !== undefined) {
    const skipped = node.opType === 'Loop' ? 1 : 0;
    const output = body.graph.outputs[at + skipped];
    return (
      output !== undefined && (isFloat(output.type) || float32Values(body.graph, new Map(), found).has(output.name))
    );
  }
  return found.has(node.inputs[typeOperand[node.opType] ?? 0] ?? '');
}
