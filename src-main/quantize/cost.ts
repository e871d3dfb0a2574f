/**
 * How long a run of a partly quantized model takes, worked out and not measured: the same placement costs the same on
 * every day, however busy the machine. Good for which of two placements is faster; a time to be believed is measured.
 *
 * The constants are of onnxruntime 1.30 on one core of an x64 server with AVX-512; where the CPU has no VNNI, integer
 * products are only half as much faster.
 */

import { attributes, type Node } from '../onnx/ir';
import { addsPairsIn16Bits, cpuInfo } from '../onnx/session';
import { addedBias } from './bias-correction';
import { activationsOf, outputsOf, type Placement, type Unit } from './place';
import type { StaticQuantizer } from './static-quantizer';

/** Nanoseconds of a multiply–accumulate. */
const product = { float: 1 / 35, integer: 1 / 110, slowInteger: 1 / 55 };
/** The same of a depthwise layer, which the memory holds up. */
const depthwise = { float: 1 / 9, integer: 1 / 16, slowInteger: 1 / 12 };
/** Nanoseconds of an element. */
const element = { float: 0.15, integer: 0.08, transcendental: 1, quantize: 0.35, dequantize: 0.2, dynamic: 0.6 };
/** Nanoseconds of starting a kernel. */
const start = 1000;

const transcendental = new Set(
  'Softmax LogSoftmax Sigmoid Tanh Erf Gelu Exp Log Sqrt Pow HardSwish LayerNormalization'.split(' '),
);

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
      this.#conversions([...entering], element.quantize) +
      this.#conversions(
        emitted.filter((value) => readByFloats.has(value)),
        element.dequantize,
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
      const each = this.#isSlow ? product.slowInteger : product.integer;
      total += start + this.#quantizer.products(node) * each + this.#elements(node.outputs) * element.float;
    }
    // What one product alone reads is quantized by its kernel.
    const shared = [...readers.values()].filter((count) => count > 1).length;
    return total + shared * start + this.#elements([...readers.keys()]) * element.dynamic;
  }

  /** What a unit saves on integers; little where it saves nothing. */
  saved(unit: Unit): number {
    const inFloat = [unit.node, ...unit.absorbed].reduce((sum, node) => sum + this.#floatNode(node), 0);
    const conversions = this.#elements([...activationsOf(unit), unit.output]) * element.dequantize;
    return Math.max(inFloat * 0.05, inFloat - this.#integerUnit(unit) + conversions);
  }

  #integerUnit({ node, output }: Unit): number {
    const each = this.#isDepthwise(node) ? depthwise : product;
    const products = this.#quantizer.products(node) * (this.#isSlow ? each.slowInteger : each.integer);
    return start + products + this.#elements([output]) * element.integer;
  }

  #floatNode(node: Node): number {
    if (this.#quantizer.constants.isFixed(node.outputs[0] as string)) return 0;
    const each = transcendental.has(node.opType) ? element.transcendental : element.float;
    const products = this.#quantizer.products(node) * (this.#isDepthwise(node) ? depthwise.float : product.float);
    return start + products + this.#elements(node.outputs) * each;
  }

  #isDepthwise(node: Node): boolean {
    return node.opType === 'Conv' && attributes.intOf(node, 'group', 1) > 1;
  }

  #conversions(values: readonly string[], each: number): number {
    return values.length * start + this.#elements(values) * each;
  }

  #elements(values: readonly string[]): number {
    return values.reduce((sum, value) => sum + (value === '' ? 0 : this.#quantizer.elements(value)), 0);
  }
}
