/**
 * 16-bit activations around chosen layers: what they read and what they give goes through Q and DQ of uint16, their
 * weights through DQ of int8. Accelerators compute such layers in integers; onnxruntime's CPU provider has no kernel
 * for it and computes them in float.
 *
 * Before opset 21 the types are onnxruntime's own, in its domain.
 */

import {
  type Attribute,
  attributes,
  type Graph,
  indexGraph,
  makeNode,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import type { Constants } from './constants';
import { channelAxis } from './insert';
import type { ActivationParams } from './quant-params';
import type { QuantizedWeight } from './weights';

/** The first opset whose QuantizeLinear has 16-bit types. */
const nativeOpset = 21;

/** Where Q and DQ of 16 bits come from. */
export function wideDomain(opset: number): string {
  return opset >= nativeOpset ? '' : 'com.microsoft';
}

export interface Widening {
  readonly constants: Constants;
  /** Layers by name: Conv, Gemm and MatMul with constant weights. */
  readonly layers: ReadonlySet<string>;
  readonly params: (value: string) => ActivationParams;
  readonly quantize: (node: Node, weight: Tensor, axis: number | null) => QuantizedWeight;
  readonly perChannel: boolean;
  readonly opset: number;
}

/** The values that a layer's 16-bit integers stand for. */
export function wideValues({ inputs, outputs }: Node): string[] {
  return [inputs[0] as string, outputs[0] as string];
}

export function widenActivations(graph: Graph, widening: Widening): Graph {
  const index = indexGraph(graph);
  const patch = new Patch(graph);
  const widened = new Map<string, string>();
  for (const node of graph.nodes) {
    if (!widening.layers.has(node.name)) continue;
    const [input, output] = wideValues(node) as [string, string];
    const read = widened.get(input) ?? patch.freshName(`${input}_wide`);
    if (!widened.has(input)) addPair(input, read);
    widened.set(input, read);
    const isRead = index.isOutput(output) || index.consumers(output).length > 0;
    const made = isRead ? patch.freshName(`${output}_float`) : output;
    if (isRead) addPair(made, output, output);
    const weight = dequantizedWeight(node);
    patch.replaceNode(node.name, { ...node, inputs: [read, weight, ...node.inputs.slice(2)], outputs: [made] });
  }
  return patch.isEmpty ? graph : patch.apply();

  function addPair(from: string, to: string, measured = from): void {
    const { scale, zeroPoint } = widening.params(measured);
    const domain = wideDomain(widening.opset);
    const s = setScalar(`${to}_scale`, { dtype: 'float32', shape: [], data: Float32Array.of(scale) });
    const z = setScalar(`${to}_zero_point`, { dtype: 'uint16', shape: [], data: Uint16Array.of(zeroPoint) });
    const codes = patch.freshName(`${to}_codes`);
    const q = makeNode('QuantizeLinear', patch.freshName(`${to}_QuantizeLinear`), [from, s, z], [codes]);
    const dq = makeNode('DequantizeLinear', patch.freshName(`${to}_DequantizeLinear`), [codes, s, z], [to]);
    patch.addNode({ ...q, domain }).addNode({ ...dq, domain });
  }

  function setScalar(wanted: string, array: Parameters<typeof tensorFromArray>[1]): string {
    const name = patch.freshName(wanted);
    patch.setInitializer(tensorFromArray(name, array));
    return name;
  }

  function dequantizedWeight(node: Node): string {
    const own = node.inputs[1] as string;
    const weight = widening.constants.tensor(own) as Tensor;
    const axis = widening.perChannel ? channelAxis(node, weight) : null;
    const quantized = widening.quantize(node, weight, axis);
    const codes = quantized.codes(patch.freshName(`${own}_codes`));
    patch.setInitializer(codes);
    const { scales } = quantized.scales;
    const s = setScalar(`${own}_scale`, {
      dtype: 'float32',
      shape: axis === null ? [] : [scales.length],
      data: scales,
    });
    const value = patch.freshName(`${own}_dequantized`);
    const extra: Record<string, Attribute> = axis === null ? {} : { axis: attributes.int(axis) };
    patch.addNode(makeNode('DequantizeLinear', patch.freshName(`${value}_node`), [codes.name, s], [value], extra));
    return value;
  }
}
