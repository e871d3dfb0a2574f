/** Operators written out in plain ones, so that they can be differentiated. Weights keep their names and shapes. */

import { indexGraph, type Model, makeNode, type Node, Patch, standardOpset, type TypeInfo } from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { Emitter, namesOf } from './emitter';
import { constantValues, operatorName, unsupported } from './gradient';
import { type PlainForm, plainForms, type Site } from './plain-forms';

/**
 * The model with such nodes in plain operators.
 * @param isWanted which nodes; the others stay as they are
 * @throws LatheError where a node uses a form that is not covered
 */
export async function writePlainForms(model: Model, isWanted: (node: Node) => boolean = () => true): Promise<Model> {
  const hasForm = (node: Node) => operatorName(node) in plainForms && isWanted(node);
  if (!model.graph.nodes.some(hasForm)) return model;
  const types = await valueTypes(model);
  const index = indexGraph(model.graph);
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const node of model.graph.nodes.filter(hasForm)) {
    patch.removeNode(node.name);
    const found = (plainForms[operatorName(node)] as PlainForm)(siteOf(emit, node, model, types));
    node.outputs.forEach((output, at) => {
      if (output === '') return;
      const value = found[at] ?? null;
      if (value === null) {
        if (index.consumers(output).length > 0 || index.isOutput(output))
          throw unsupported(node, `its output "${output}"`);
        return;
      }
      emit.nodes.push(makeNode('Identity', emit.fresh(`${node.name}:${output}`), [value], [output]));
    });
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

function siteOf(emit: Emitter, node: Node, model: Model, types: ReadonlyMap<string, TypeInfo>): Site {
  const typeOf = (value: string) => {
    const type = model.graph.initializers.get(value) ?? types.get(value);
    if (type === undefined || ('kind' in type && type.kind !== 'tensor'))
      throw unsupported(node, `the type of "${value}" is not known`);
    return type;
  };
  return {
    emit,
    node,
    opset: standardOpset(model.opsets),
    constant: (value) => constantValues(model.graph.initializers.get(value)),
    input: (at) => node.inputs[at] ?? '',
    dtype: (value) => typeOf(value).dtype,
    shape: (value) => {
      const { shape } = typeOf(value);
      if (shape === null)
        throw unsupported(node, `the rank of "${value}" is not known`, 'fix the model’s dynamic dims first');
      return shape;
    },
  };
}
