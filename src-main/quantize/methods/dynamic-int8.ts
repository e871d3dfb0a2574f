/**
 * Dynamic int8: weights as signed 8-bit integers, activations quantized anew in every run by DynamicQuantizeLinear.
 * Needs no data. The chain DynamicQuantizeLinear → MatMulInteger → Cast → Mul is the one that onnxruntime's CPU
 * provider fuses into one kernel. Convolutions stay float: their dynamic form runs many times slower.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { targetFilter } from '../../contract';
import {
  attributes,
  dtypeCode,
  elementCount,
  type Graph,
  type Model,
  makeNode,
  type Node,
  Patch,
  type Tensor,
  tensorFromArray,
} from '../../onnx/ir';
import { editGraphs, type Scope } from '../bodies';
import { computedReason, typeReason } from '../constants';
import { granularity } from '../granularity';
import { type QuantizeContext, quantizeMethod, Tally } from '../method';
import { prepare } from '../prepare';
import { withoutUnused } from '../unused';
import { minMaxScales, quantizedWeight } from '../weights';

const options = {
  granularity,
  embeddings: {
    kind: 'boolean',
    title: 'Embedding tables',
    help: 'Stores the tables that Gather reads as int8 too, with a scale for each row: saves size, costs no time.',
    default: true,
  },
} as const satisfies OptionSpecs;

/** Tables smaller than this are not worth three more nodes. */
const smallestTable = 16_384;

const convReason = 'onnxruntime has no fast kernel for a Conv with dynamic scales: use static-int8';

export const dynamicInt8 = quantizeMethod({
  name: 'dynamic-int8',
  title: 'Dynamic int8',
  help: 'A quarter of the size and, for transformers on a CPU with int8 instructions, about twice the speed. Needs no data; leaves convolutions as they are.',
  source: 'ONNX DynamicQuantizeLinear and MatMulInteger; Bhandare et al. 2019, arXiv:1906.00532',
  data: 'none',
  options,
  run: quantizeDynamically,
});

async function quantizeDynamically(
  given: Model,
  chosen: OptionValues<typeof options>,
  targets: Targets,
  context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  const tally = new Tally();
  const model = await prepare(given, tally);
  const admits = targetFilter(targets);
  const edit = (scope: Scope): Graph => {
    context.signal.throwIfAborted();
    return new DynamicEdit(scope, chosen, admits, tally, context).graph();
  };
  return tally.outcome({ ...model, graph: editGraphs(model.graph, edit) }, 'dynamic-int8');
}

interface Quantized {
  readonly codes: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

class DynamicEdit {
  readonly #scope: Scope;
  readonly #options: OptionValues<typeof options>;
  readonly #admits: (node: Node) => boolean;
  readonly #tally: Tally;
  readonly #context: QuantizeContext;
  readonly #patch: Patch;
  readonly #activations = new Map<string, Quantized>();
  readonly #weights = new Map<string, Quantized>();

  constructor(
    scope: Scope,
    chosen: OptionValues<typeof options>,
    admits: (node: Node) => boolean,
    tally: Tally,
    context: QuantizeContext,
  ) {
    this.#scope = scope;
    this.#options = chosen;
    this.#admits = admits;
    this.#tally = tally;
    this.#context = context;
    this.#patch = new Patch(scope.index.graph);
  }

  graph(): Graph {
    const { graph } = this.#scope.index;
    graph.nodes.forEach((node, at) => {
      if (node.domain === '') this.#visit(node);
      if (this.#scope.outer === null)
        this.#context.progress({
          phase: 'Quantizing weights',
          fraction: (at + 1) / graph.nodes.length,
          detail: node.name,
        });
    });
    return this.#patch.isEmpty ? graph : withoutUnused(this.#patch.apply());
  }

  #visit(node: Node): void {
    switch (node.opType) {
      case 'MatMul':
      case 'Gemm':
        this.#attempt(node, this.#refuseProduct(node), () => this.#product(node));
        break;
      case 'Gather':
        if (this.#isTable(node)) this.#attempt(node, null, () => this.#table(node));
        break;
      case 'Conv':
      case 'ConvTranspose':
        this.#attempt(node, convReason, () => {});
    }
  }

  #attempt(node: Node, refusal: string | null, change: () => void): void {
    this.#tally.eligible++;
    const reason = this.#admits(node) ? refusal : 'not among the targets';
    if (reason !== null) {
      this.#tally.skip(node, reason);
      return;
    }
    change();
    this.#tally.changed++;
  }

  #refuseProduct(node: Node): string | null {
    const weight = this.#scope.constants.tensor(node.inputs[1] as string);
    const isDequantized = (value: string) => this.#scope.index.producer(value)?.opType === 'DequantizeLinear';
    if (node.inputs.slice(0, 2).some(isDequantized)) return 'already quantized';
    if (weight === undefined) return computedReason(this.#scope.constants, node.inputs[1] as string);
    if (weight.dtype !== 'float32') return typeReason(weight);
    if (weight.shape.length !== 2) return 'its weight is no matrix';
    if (this.#scope.constants.tensor(node.inputs[0] as string) !== undefined) return 'its first operand is a constant';
    if (node.opType !== 'Gemm') return null;
    if (attributes.intOf(node, 'transA', 0) !== 0) return 'transA = 1 has no integer kernel';
    const plain = attributes.floatOf(node, 'alpha', 1) === 1 && attributes.floatOf(node, 'beta', 1) === 1;
    return plain ? null : 'alpha and beta other than 1 have no integer kernel';
  }

  #isTable(node: Node): boolean {
    const table = this.#scope.constants.tensor(node.inputs[0] as string);
    return (
      this.#options.embeddings &&
      table?.dtype === 'float32' &&
      table.shape.length === 2 &&
      attributes.intOf(node, 'axis', 0) === 0 &&
      elementCount(table.shape) >= smallestTable
    );
  }

  /** y = x · W + b with x quantized on the spot and W once. */
  #product(node: Node): void {
    const [input, weightName, bias] = node.inputs as [string, string, string | undefined];
    const output = node.outputs[0] as string;
    const x = this.#activation(input);
    const w = this.#matrix(weightName, node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1);
    const hasBias = bias !== undefined && bias !== '';
    const product = this.#add('MatMulInteger', node, [x.codes, w.codes, x.zeroPoint, w.zeroPoint], 'integer');
    const float = this.#add('Cast', node, [product], 'float', { to: attributes.int(dtypeCode('float32')) });
    const scale = this.#add('Mul', node, [x.scale, w.scale], 'scale');
    const scaled = hasBias ? this.#patch.freshName(`${output}_scaled`) : output;
    this.#patch.removeNode(node.name);
    this.#patch.addNode(makeNode('Mul', this.#patch.freshName(`${node.name}_rescale`), [float, scale], [scaled]));
    if (hasBias)
      this.#patch.addNode(makeNode('Add', this.#patch.freshName(`${node.name}_bias`), [scaled, bias], [output]));
  }

  #add(opType: string, node: Node, inputs: string[], suffix: string, extra = {}): string {
    const value = this.#patch.freshName(`${node.outputs[0]}_${suffix}`);
    this.#patch.addNode(makeNode(opType, this.#patch.freshName(`${node.name}_${suffix}`), inputs, [value], extra));
    return value;
  }

  /** All products of one activation share its codes. */
  #activation(value: string): Quantized {
    const known = this.#activations.get(value);
    if (known !== undefined) return known;
    const quantized = {
      codes: this.#patch.freshName(`${value}_codes`),
      scale: this.#patch.freshName(`${value}_scale`),
      zeroPoint: this.#patch.freshName(`${value}_zero_point`),
    };
    const name = this.#patch.freshName(`${value}_DynamicQuantizeLinear`);
    this.#patch.addNode(
      makeNode('DynamicQuantizeLinear', name, [value], [quantized.codes, quantized.scale, quantized.zeroPoint]),
    );
    this.#activations.set(value, quantized);
    return quantized;
  }

  /** A weight as MatMulInteger takes it, [in, out]; `transposed`: the file holds [out, in]. */
  #matrix(value: string, transposed: boolean): Quantized {
    const key = `${value}${transposed ? ' transposed' : ''}`;
    const known = this.#weights.get(key);
    if (known !== undefined) return known;
    const weight = this.#scope.constants.tensor(value) as Tensor;
    const axis = this.#options.granularity === 'per-channel' ? (transposed ? 0 : 1) : null;
    const held = this.#store(value, weight, axis, axis === null ? [] : [weight.shape[axis] as number]);
    const quantized = transposed ? { ...held, codes: this.#transposed(held.codes) } : held;
    this.#weights.set(key, quantized);
    return quantized;
  }

  /** onnxruntime turns a constant once, when it loads the model. */
  #transposed(codes: string): string {
    const value = this.#patch.freshName(`${codes}_transposed`);
    const perm = { perm: attributes.ints([1, 0]) };
    this.#patch.addNode(makeNode('Transpose', this.#patch.freshName(`${value}_node`), [codes], [value], perm));
    return value;
  }

  #store(value: string, weight: Tensor, axis: number | null, scaleShape: readonly number[]): Quantized {
    const scales = minMaxScales(weight, axis);
    const stored = {
      codes: this.#patch.freshName(`${value}_codes`),
      scale: this.#patch.freshName(`${value}_scale`),
      zeroPoint: this.#patch.freshName(`${value}_zero_point`),
    };
    this.#patch.setInitializer(quantizedWeight(stored.codes, weight, scales));
    this.#patch.setInitializer(
      tensorFromArray(stored.scale, { dtype: 'float32', shape: scaleShape, data: scales.scales }),
    );
    const zeros = new Int8Array(scales.scales.length);
    this.#patch.setInitializer(tensorFromArray(stored.zeroPoint, { dtype: 'int8', shape: scaleShape, data: zeros }));
    return stored;
  }

  /** Rows of an int8 table, each times its own scale. */
  #table(node: Node): void {
    const [value, ids] = node.inputs as [string, string];
    const key = `${value} rows`;
    const table = this.#scope.constants.tensor(value) as Tensor;
    const held = this.#weights.get(key) ?? this.#store(value, table, 0, [table.shape[0] as number, 1]);
    this.#weights.set(key, held);
    const axis = { axis: attributes.int(0) };
    const rows = this.#add('Gather', node, [held.codes, ids], 'codes', axis);
    const scales = this.#add('Gather', node, [held.scale, ids], 'scale', axis);
    const floats = this.#add('Cast', node, [rows], 'float', { to: attributes.int(dtypeCode('float32')) });
    this.#patch.removeNode(node.name);
    this.#patch.addNode(
      makeNode('Mul', this.#patch.freshName(`${node.name}_rescale`), [floats, scales], [node.outputs[0] as string]),
    );
  }
}
