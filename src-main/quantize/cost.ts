/**
 * How long a run of a partly quantized model takes, worked out and not measured: the same placement costs the same on
 * every day, however busy the machine. Good for which of two placements is faster; a time to be believed is measured.
 *
 * The constants were fitted to profiles of onnxruntime 1.30 on one core of an x64 server with AVX-512, ten models and
 * chains of depthwise layers of 8 to 240 channels. Where the CPU has no VNNI, integer products take twice as long.
 */

import { attributes, elementCount, type Node, type Tensor } from '../onnx/ir';
import { addsPairsIn16Bits, cpuInfo } from '../onnx/session';
import { addedBias } from './bias-correction';
import { layerOutputs } from './hessians';
import { activationsOf, outputsOf, type Placement, type Unit } from './place';
import type { StaticQuantizer } from './static-quantizer';

/** Nanoseconds: of an output element, of a product in it, and of each place under the kernel, once for all channels. */
interface LayerCost {
  readonly element: number;
  readonly product: number;
  readonly tap: number;
}

const layers: Readonly<Record<'float' | 'integer', Readonly<Record<'matrix' | 'conv' | 'depthwise', LayerCost>>>> = {
  float: {
    matrix: { element: 0.1, product: 0.019, tap: 0 },
    // With its share of the changes of layout around it.
    conv: { element: 0.4, product: 0.019, tap: 0 },
    depthwise: { element: 0.15, product: 0.02, tap: 0 },
  },
  integer: {
    matrix: { element: 0.1, product: 0.0055, tap: 0 },
    conv: { element: 0.1, product: 0.0055, tap: 3 },
    depthwise: { element: 0.15, product: 0.035, tap: 1 },
  },
};
/** The packed int8 kernel of depthwise layers takes channels in steps of so many; others are multiplied one by one. */
const depthwiseStep = 16;
const unpackedProduct = 0.075;
/** How much longer integer products take without VNNI. */
const slowness = 2;

/** Nanoseconds of an output element of the operators between layers. */
const floatElement: Readonly<Record<string, number>> = {
  ...{ Div: 0.22, Resize: 0.42, MaxPool: 1.2, AveragePool: 1, Transpose: 0.35, Concat: 0.2, Softmax: 0.4 },
  ...{ Tanh: 0.3, Sigmoid: 0.3, LayerNormalization: 0.7, LogSoftmax: 1, Erf: 1, Gelu: 1, Exp: 1, Log: 1, Pow: 1 },
  ...{ HardSwish: 0.3, Sqrt: 0.5, Reshape: 0, Flatten: 0, Squeeze: 0, Unsqueeze: 0, Identity: 0 },
};
const integerElement: Readonly<Record<string, number>> = {
  ...{ Mul: 0.25, Sigmoid: 0.25, LeakyRelu: 0.25, Concat: 0.35, Resize: 1.3, AveragePool: 7, Transpose: 0.32 },
  ...{ Reshape: 0, Flatten: 0, Squeeze: 0, Unsqueeze: 0 },
};
const otherFloat = 0.16;
const otherInteger = 0.12;
/** A MaxPool right behind a Conv keeps the layout of its integers; any other goes through the plain kernel. */
const pooled = { behindConv: 2.1, elsewhere: 11 };
/** Nanoseconds of an element; `layout` between the integers of Conv, channels last, and anything in float. */
const conversion = { quantize: 0.3, dequantize: 0.2, dynamic: 0.6, layout: 0.3 };
/** Nanoseconds of starting a kernel. */
const start = { float: 1000, integer: 3000, conversion: 1500 };

export class CostModel {
  readonly #quantizer: StaticQuantizer;
  readonly #isSlow = addsPairsIn16Bits(cpuInfo());

  constructor(quantizer: StaticQuantizer) {
    this.#quantizer = quantizer;
  }

  /** Nanoseconds of a run with all nodes in float. */
  float(): number {
    return this.#quantizer.model.graph.nodes.reduce((sum, node) => sum + this.#floatNode(node), 0);
  }

  /** Nanoseconds of a run of the int8 graph of a placement. */
  placed({ units, emitting, entering }: Placement): number {
    const inside = new Set(units.flatMap(({ node, absorbed }) => [node.name, ...absorbed.map(({ name }) => name)]));
    const { graph } = this.#quantizer.model;
    const floats = graph.nodes.filter(({ name }) => !inside.has(name));
    const readByFloats = new Set([...floats.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ name }) => name)]);
    const emitted = units.filter((unit) => emitting.has(unit)).flatMap(outputsOf);
    return (
      floats.reduce((sum, node) => sum + this.#floatNode(node), 0) +
      units.reduce((sum, unit) => sum + this.#integerUnit(unit), 0) +
      this.#conversions([...entering], conversion.quantize) +
      this.#conversions(
        emitted.filter((value) => readByFloats.has(value)),
        conversion.dequantize,
      )
    );
  }

  /** Nanoseconds of a run with the products of constant matrices in dynamic int8: a bias behind one is taken along. */
  dynamic(): number {
    const { constants, index, model } = this.#quantizer;
    const readers = new Map<string, number>();
    const taken = new Set<string>();
    let total = 0;
    for (const node of model.graph.nodes) {
      if (taken.has(node.name)) continue;
      if (node.opType === 'Conv' || this.#quantizer.products(node) === 0) {
        total += this.#floatNode(node);
        continue;
      }
      const [input] = node.inputs as [string];
      readers.set(input, (readers.get(input) ?? 0) + 1);
      const bias = addedBias(index, constants, node);
      if (bias !== null) taken.add(bias.add.name);
      total += start.integer + this.#layer(node, 'integer') + this.#elements(node.outputs) * otherFloat;
    }
    // What one product alone reads is quantized by its kernel.
    const shared = [...readers.values()].filter((count) => count > 1).length;
    return total + shared * start.conversion + this.#elements([...readers.keys()]) * conversion.dynamic;
  }

  /** What a unit saves on integers; little where it saves nothing. */
  saved(unit: Unit): number {
    const conversions = this.#elements([...activationsOf(unit), unit.output]) * conversion.dequantize;
    return Math.max(this.#unitInFloat(unit) * 0.05, this.gain(unit) + conversions);
  }

  /** How much less the kernel of a unit takes on integers, its conversions aside; below 0 where it takes more. */
  gain(unit: Unit): number {
    return this.#unitInFloat(unit) - this.#integerUnit(unit);
  }

  #unitInFloat({ node, absorbed }: Unit): number {
    return [node, ...absorbed].reduce((sum, each) => sum + this.#floatNode(each), 0);
  }

  #integerUnit({ node, output, kind }: Unit): number {
    if (kind === 'compute') return start.integer + this.#layer(node, 'integer');
    const each = node.opType === 'MaxPool' ? this.#integerMaxPool(node) : (integerElement[node.opType] ?? otherInteger);
    return (each === 0 ? start.float : start.integer) + this.#elements([output]) * each;
  }

  #integerMaxPool({ inputs }: Node): number {
    let maker = this.#quantizer.index.producer(inputs[0] as string);
    while (maker !== undefined && (maker.opType === 'Relu' || maker.opType === 'Clip'))
      maker = this.#quantizer.index.producer(maker.inputs[0] as string);
    return maker?.opType === 'Conv' ? pooled.behindConv : pooled.elsewhere;
  }

  #floatNode(node: Node): number {
    if (this.#quantizer.constants.isFixed(node.outputs[0] as string)) return 0;
    if (this.#quantizer.products(node) > 0) return start.float + this.#layer(node, 'float');
    // A Relu behind a layer costs it nothing.
    if (node.opType === 'Relu' && this.#isBehindLayer(node)) return 0;
    return start.float + this.#elements(node.outputs) * (floatElement[node.opType] ?? otherFloat);
  }

  #isBehindLayer({ inputs }: Node): boolean {
    const maker = this.#quantizer.index.producer(inputs[0] as string);
    return maker !== undefined && this.#quantizer.products(maker) > 0;
  }

  /** Of a Conv, Gemm or MatMul with a constant weight, without its start. */
  #layer(node: Node, type: 'float' | 'integer'): number {
    const weight = this.#quantizer.constants.tensor(node.inputs[1] as string) as Tensor;
    const kind = isDepthwise(node, weight) ? 'depthwise' : node.opType.startsWith('Conv') ? 'conv' : 'matrix';
    const { element, product, tap } = layers[type][kind];
    const outputs = layerOutputs(node, weight);
    const isUnpacked = kind === 'depthwise' && type === 'integer' && outputs % depthwiseStep !== 0;
    const products = this.#quantizer.products(node) * (isUnpacked ? unpackedProduct : product);
    const elements = this.#elements([node.outputs[0] as string]);
    const taps = (elements / outputs) * elementCount(weight.shape.slice(2));
    const slow = type === 'integer' && this.#isSlow ? slowness : 1;
    return elements * element + products * slow + (kind === 'matrix' ? 0 : taps * tap);
  }

  #conversions(values: readonly string[], each: number): number {
    return values.reduce((sum, value) => {
      const layout = this.#quantizer.rank(value) === 4 ? conversion.layout : 0;
      return sum + start.conversion + this.#elements([value]) * (each + layout);
    }, 0);
  }

  #elements(values: readonly string[]): number {
    return values.reduce((sum, value) => sum + (value === '' ? 0 : this.#quantizer.elements(value)), 0);
  }
}

/** A Conv in which each channel is multiplied for itself. */
function isDepthwise(node: Node, weight: Tensor): boolean {
  return node.opType === 'Conv' && attributes.intOf(node, 'group', 1) > 1 && weight.shape[1] === 1;
}
