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
  withBodies,
} from '../../onnx/ir';
import { editGraphs, type Scope } from '../bodies';
import { alreadyQuantized, computedReason, type StoredMatrix, typeReason } from '../constants';
import { dynamicLstm, refuseLstm } from '../dynamic-lstm';
import { granularity } from '../granularity';
import { type QuantizeContext, quantizeMethod, Tally } from '../method';
import { prepareLayers } from '../prepare';
import { embeddings, gatherIntegers, readsTable } from '../tables';
import { withoutUnused } from '../unused';
import { minMaxScales, quantizedWeight } from '../weights';

const options = {
  granularity,
  embeddings,
} as const satisfies OptionSpecs;

const microsoft = 'com.microsoft';

const noKernelReason: Readonly<Record<string, string>> = {
  GRU: "onnxruntime's CPU provider has no integer GRU",
  RNN: "onnxruntime's CPU provider has no integer RNN",
};

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
  const model = await prepareLayers(given, tally, weightsOf);
  const admits = targetFilter(targets);
  const edit = (scope: Scope): Graph => {
    context.signal.throwIfAborted();
    return new DynamicEdit(scope, chosen, admits, tally, context).graph();
  };
  const graph = editGraphs(model.graph, edit);
  const isForeign = [...withBodies(graph.nodes)].some(({ domain }) => domain === microsoft);
  const opsets = isForeign ? new Map([[microsoft, 1], ...model.opsets]) : model.opsets;
  return tally.outcome({ ...model, graph, opsets }, 'dynamic-int8');
}

/** Where the weights stand in a node that is quantized. */
const weightInputs: Readonly<Record<string, readonly number[]>> = {
  MatMul: [1],
  Gemm: [1],
  Attention: [1],
  LSTM: [1, 2],
};

function weightsOf({ opType, inputs }: Node): readonly string[] {
  return (weightInputs[opType] ?? []).map((at) => inputs[at] ?? '');
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
  readonly #codes = new Map<string, { codes: string; scales: Float32Array }>();
  readonly #turnedValues = new Map<string, string>();

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
      if (node.domain === microsoft && node.opType === 'Attention')
        this.#attempt(node, this.#refuseAttention(node), () => this.#attention(node));
      if (this.#scope.outer === null)
        this.#context.progress({
          phase: 'Quantizing weights',
          fraction: (at + 1) / graph.nodes.length,
          detail: node.name,
        });
    });
    // Bodies come first: a weight that only they read may be unused by now.
    return withoutUnused(this.#patch.isEmpty ? graph : this.#patch.apply());
  }

  #visit(node: Node): void {
    switch (node.opType) {
      case 'MatMul':
      case 'Gemm':
        this.#attempt(node, this.#refuseProduct(node), () => this.#product(node));
        break;
      case 'Gather':
        if (this.#options.embeddings && readsTable(node, this.#scope.constants))
          this.#attempt(node, null, () => this.#table(node));
        break;
      case 'Conv':
      case 'ConvTranspose':
        this.#attempt(node, convReason, () => {});
        break;
      case 'LSTM':
        this.#attempt(node, refuseLstm(node, this.#scope.constants), () => this.#lstm(node));
        break;
      case 'GRU':
      case 'RNN':
        this.#attempt(node, noKernelReason[node.opType] as string, () => {});
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
    if (node.inputs.slice(0, 2).some((value) => this.#scope.constants.isDequantized(value))) return alreadyQuantized;
    if (weight === undefined) return computedReason(this.#scope.constants, node.inputs[1] as string);
    if (weight.dtype !== 'float32') return typeReason(weight);
    if (weight.shape.length !== 2) return 'its weight is no matrix';
    if (elementCount(weight.shape) === 0) return 'its weight has no elements';
    if (this.#scope.constants.tensor(node.inputs[0] as string) !== undefined) return 'its first operand is a constant';
    return null;
  }

  /** y = α·x·W + β·b with x quantized on the spot and W once. */
  #product(node: Node): void {
    const [input, weightName, bias] = node.inputs as [string, string, string | undefined];
    const output = node.outputs[0] as string;
    const isGemm = node.opType === 'Gemm';
    const x = this.#activation(isGemm && attributes.intOf(node, 'transA', 0) === 1 ? this.#turned(input) : input);
    const isTurned = isGemm && attributes.intOf(node, 'transB', 0) === 1;
    const w = this.#matrix(weightName, isTurned, isGemm ? attributes.floatOf(node, 'alpha', 1) : 1);
    const product = this.#add('MatMulInteger', node, [x.codes, w.codes, x.zeroPoint, w.zeroPoint], 'integer');
    const float = this.#add('Cast', node, [product], 'float', { to: attributes.int(dtypeCode('float32')) });
    const scale = this.#add('Mul', node, [x.scale, w.scale], 'scale');
    const added = bias === undefined || bias === '' ? null : this.#timesBeta(node, bias);
    const scaled = added === null ? output : this.#patch.freshName(`${output}_scaled`);
    this.#patch.removeNode(node.name);
    this.#patch.addNode(makeNode('Mul', this.#patch.freshName(`${node.name}_rescale`), [float, scale], [scaled]));
    if (added !== null)
      this.#patch.addNode(makeNode('Add', this.#patch.freshName(`${node.name}_bias`), [scaled, added], [output]));
  }

  #timesBeta(node: Node, bias: string): string {
    const beta = attributes.floatOf(node, 'beta', 1);
    if (beta === 1) return bias;
    const factor = this.#patch.freshName(`${node.name}_beta`);
    this.#patch.setInitializer(tensorFromArray(factor, { dtype: 'float32', shape: [], data: Float32Array.of(beta) }));
    return this.#add('Mul', node, [bias, factor], 'beta_bias');
  }

  #lstm(node: Node): void {
    const perChannel = this.#options.granularity === 'per-channel';
    this.#patch.replaceNode(node.name, dynamicLstm(this.#patch, node, this.#scope.constants, perChannel));
  }

  #refuseAttention(node: Node): string | null {
    const [, weight, bias, , , attentionBias, pastLength] = node.inputs;
    const held = this.#scope.constants.tensor(weight ?? '');
    if (held === undefined) return computedReason(this.#scope.constants, weight ?? '');
    if (held.dtype !== 'float32') return typeReason(held);
    if ((bias ?? '') === '') return 'it has no bias, which the integer kernel asks for';
    if ((attentionBias ?? '') !== '' || (pastLength ?? '') !== '' || node.attributes.has('qkv_hidden_sizes'))
      return 'it uses what the integer kernel does not have: an attention bias, shared buffers or unequal sizes of heads';
    return null;
  }

  /** Source: onnxruntime, contrib operators, QAttention. */
  #attention(node: Node): void {
    const [input, weight, bias, mask = '', past = ''] = node.inputs as [string, string, string, string?, string?];
    const x = this.#activation(input);
    const w = this.#matrix(weight, false, 1);
    const inputs = [x.codes, w.codes, bias, x.scale, w.scale, mask, x.zeroPoint, w.zeroPoint, past];
    while (inputs.at(-1) === '') inputs.pop();
    this.#patch.replaceNode(node.name, { ...node, opType: 'QAttention', inputs });
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

  /**
   * A weight as MatMulInteger takes it, [in, out]. What Transposes and Gathers read of one matrix is held once.
   * @param isTurned the value is [out, in]
   * @param alpha what the product is multiplied by
   */
  #matrix(value: string, isTurned: boolean, alpha: number): Quantized {
    const { tensor, turned } = this.#scope.constants.matrix(value) as StoredMatrix;
    const isStoredTurned = turned !== isTurned;
    const axis = this.#options.granularity === 'per-channel' ? (isStoredTurned ? 0 : 1) : null;
    const shape = axis === null ? [] : [tensor.shape[axis] as number];
    const held = this.#store(tensor, axis, shape, alpha);
    return isStoredTurned ? { ...held, codes: this.#turned(held.codes) } : held;
  }

  /** A matrix with rows and columns exchanged; onnxruntime turns a constant once, when it loads the model. */
  #turned(value: string): string {
    const known = this.#turnedValues.get(value);
    if (known !== undefined) return known;
    const turned = this.#patch.freshName(`${value}_transposed`);
    const perm = { perm: attributes.ints([1, 0]) };
    this.#patch.addNode(makeNode('Transpose', this.#patch.freshName(`${turned}_node`), [value], [turned], perm));
    this.#turnedValues.set(value, turned);
    return turned;
  }

  /** Codes along an axis, held once, with scales in a shape and times a factor. */
  #store(weight: Tensor, axis: number | null, shape: readonly number[], factor: number): Quantized {
    const key = JSON.stringify([weight.name, axis, shape, factor]);
    const known = this.#weights.get(key);
    if (known !== undefined) return known;
    const { codes, scales } = this.#codesOf(weight, axis);
    const stored = {
      codes,
      scale: this.#patch.freshName(`${weight.name}_scale`),
      zeroPoint: this.#patch.freshName(`${weight.name}_zero_point`),
    };
    const data = factor === 1 ? scales : scales.map((scale) => scale * factor);
    this.#patch.setInitializer(tensorFromArray(stored.scale, { dtype: 'float32', shape, data }));
    const zeros = new Int8Array(scales.length);
    this.#patch.setInitializer(tensorFromArray(stored.zeroPoint, { dtype: 'int8', shape, data: zeros }));
    this.#weights.set(key, stored);
    return stored;
  }

  #codesOf(weight: Tensor, axis: number | null): { codes: string; scales: Float32Array } {
    const key = `${weight.name} along ${axis}`;
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const scales = minMaxScales(weight, axis);
    const codes = this.#patch.freshName(`${weight.name}_codes`);
    this.#patch.setInitializer(quantizedWeight(codes, weight, scales));
    const made = { codes, scales: scales.scales };
    this.#codes.set(key, made);
    return made;
  }

  /** Rows of an int8 table, each times its own scale. */
  #table(node: Node): void {
    const table = this.#scope.constants.tensor(node.inputs[0] as string) as Tensor;
    const held = this.#store(table, 0, [table.shape[0] as number, 1], 1);
    gatherIntegers(this.#patch, node, held.codes, held.scale);
  }
}
