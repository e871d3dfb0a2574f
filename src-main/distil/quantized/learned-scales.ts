/**
 * Scales of Q/DQ pairs as parameters: s = exp(θ), so that they stay positive and a step of an optimiser moves them by a
 * share of their size. Scales that are one number and equal belong together, as a value's and those of what only hands
 * it on. Sources: Esser et al. 2020 (arXiv:1902.08153), learned step sizes; Jain et al. 2020 (arXiv:1903.08066), the
 * logarithm.
 */

import { readTensor } from '../../onnx/file';
import { elementCount, type Model, makeNode, type NdArray, Patch, type Tensor, tensorFromArray } from '../../onnx/ir';

export interface LearnedScales {
  readonly model: Model;
  /** Names of the parameters θ. */
  readonly parameters: readonly string[];
  /** Every scale that is learned, by the names of the quantized model. */
  tensors(trained: Model): ReadonlyMap<string, Tensor>;
  /** The scale of a name, as trained. */
  scaleOf(trained: Model, name: string): Float32Array;
}

/** No scale is learned. */
export function fixedScales(model: Model): LearnedScales {
  const read = (name: string) => readTensor(model.graph.initializers.get(name) as Tensor).data as Float32Array;
  return { model, parameters: [], tensors: () => new Map(), scaleOf: (_, name) => read(name) };
}

export function learnedScales(model: Model): LearnedScales {
  const { graph } = model;
  const patch = new Patch(graph);
  /** Scale → parameter. */
  const parameters = new Map<string, string>();
  const groups = new Map<string, { readonly parameter: string; readonly value: string }>();
  const learnedValue = (name: string): string | null => {
    const tensor = graph.initializers.get(name);
    if (tensor?.dtype !== 'float32') return null;
    const scales = readTensor(tensor) as NdArray<'float32'>;
    if (!scales.data.every((scale) => scale > 0)) return null;
    const key = elementCount(tensor.shape) === 1 ? `= ${scales.data[0]} ${tensor.shape}` : name;
    const known = groups.get(key) ?? newGroup(name, scales);
    groups.set(key, known);
    parameters.set(name, known.parameter);
    return known.value;
  };
  const newGroup = (name: string, scales: NdArray<'float32'>) => {
    const parameter = patch.freshName(`${name}:log`);
    const value = patch.freshName(`${name}:learned`);
    patch.setInitializer(tensorFromArray(parameter, { ...scales, data: scales.data.map(Math.log) }));
    patch.addNode(makeNode('Exp', patch.freshName(`${name}:exp`), [parameter], [value]));
    return { parameter, value };
  };
  for (const node of graph.nodes) {
    const isPair = node.opType === 'QuantizeLinear' || node.opType === 'DequantizeLinear';
    // Codes that stay constant keep their scales.
    if (!isPair || graph.initializers.has(node.inputs[0] as string)) continue;
    const value = learnedValue(node.inputs[1] as string);
    if (value === null) continue;
    patch.replaceNode(node.name, { ...node, inputs: node.inputs.map((name, at) => (at === 1 ? value : name)) });
  }
  const scaleOf = (trained: Model, name: string): Float32Array => {
    const parameter = parameters.get(name);
    const tensor = trained.graph.initializers.get(parameter ?? name) ?? graph.initializers.get(name);
    const found = readTensor(tensor as Tensor).data as Float32Array;
    return parameter === undefined ? found : found.map(Math.exp);
  };
  return {
    model: { ...model, graph: patch.apply() },
    parameters: [...new Set(parameters.values())],
    tensors: (trained) =>
      new Map(
        [...parameters.keys()].map((name) => {
          const { shape } = graph.initializers.get(name) as Tensor;
          return [name, tensorFromArray(name, { dtype: 'float32', shape, data: scaleOf(trained, name) })];
        }),
      ),
    scaleOf,
  };
}
