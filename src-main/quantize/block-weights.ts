/**
 * Weight-only quantization: MatMul and Gemm become com.microsoft.MatMulNBits, tables that Gather reads become
 * GatherBlockQuantized. Each weight is quantized when its bytes are asked for, one at a time.
 */

import { LatheError, portion, type StepOutcome, type Targets, targetFilter } from '../contract';
import { readTensor } from '../onnx/file';
import {
  attributes,
  elementCount,
  type Graph,
  indexGraph,
  type Model,
  makeNode,
  type NdArray,
  type Node,
  Patch,
  type Tensor,
  type TensorData,
} from '../onnx/ir';
import { type BlockCodes, type BlockFormat, blockSizes, gptqBlocks, hqqBlocks, roundBlocks } from './block-codes';
import { editGraphs, type Scope } from './bodies';
import { observe } from './calibrate';
import { calibrationData } from './calibration-data';
import { constantsOf } from './constants';
import { type Hessian, HessianObserver } from './hessians';
import { type QuantizeContext, Tally } from './method';
import { prepare } from './prepare';
import { withoutUnused } from './unused';

export type BlockAlgorithm = 'nearest' | 'mse' | 'hqq' | 'gptq';

export interface BlockRequest {
  readonly method: string;
  readonly format: BlockFormat;
  readonly algorithm: BlockAlgorithm;
  /** 0: float activations; 4: activations as int8 inside the kernel, which is what makes it fast on a CPU. */
  readonly accuracyLevel: 0 | 4;
  readonly embeddings: boolean;
  /** Calibration samples for GPTQ. */
  readonly samples: number;
}

/** Tables smaller than this stay as they are. */
const smallestTable = 16_384;
/** A weight is quantized whole, so it has to fit into one buffer. */
const largestWeight = 2 ** 26;
/** Bytes of Hessians that are held at a time; more layers take more passes over the samples. */
const hessianBytes = 256e6;
const clipSteps = 20;

export async function quantizeBlockWise(
  given: Model,
  request: BlockRequest,
  targets: Targets,
  context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  checkBlock(request);
  const tally = new Tally();
  const model = await prepare(given, tally);
  const admits = targetFilter(targets);
  const made = request.algorithm === 'gptq' ? await gptqAll(model, request, admits, tally, context) : new Map();
  const edit = (scope: Scope): Graph => new BlockEdit(scope, request, admits, tally, made).graph();
  const graph = editGraphs(model.graph, edit);
  const opsets = new Map(model.opsets).set('com.microsoft', 1);
  tally.note('Runs in onnxruntime alone: MatMulNBits is an operator of its own.');
  return tally.outcome({ ...model, opsets, graph }, request.method);
}

function checkBlock({ method, format: { block } }: BlockRequest): void {
  if (Number.isInteger(Math.log2(block))) return;
  throw new LatheError({
    who: `quantize ${method}`,
    what: `option "block" expects 16, 32, 64, 128 or 256, got ${block}`,
    code: 'usage',
  });
}

/** Codes of every admitted weight of the main graph by GPTQ, layers in groups whose Hessians fit into memory. */
async function gptqAll(
  model: Model,
  { method, format, samples }: BlockRequest,
  admits: (node: Node) => boolean,
  tally: Tally,
  context: QuantizeContext,
): Promise<Map<string, BlockCodes>> {
  const constants = constantsOf(indexGraph(model.graph));
  const data = calibrationData(context, method, samples);
  for (const note of data.notes) tally.note(note);
  const layers = model.graph.nodes.flatMap((node) => {
    const weight = matrixOf(node, constants.tensor(node.inputs[1] ?? ''));
    return weight !== null &&
      admits(node) &&
      refuseProduct(node, weight.tensor, constants.tensor(node.inputs[0] ?? '')) === null
      ? [{ node, ...weight }]
      : [];
  });
  const made = new Map<string, BlockCodes>();
  for (let from = 0; from < layers.length; ) {
    let to = from;
    const observers = new Map<string, HessianObserver>();
    for (let bytes = 0; to < layers.length; to++) {
      const { node, tensor, inputs } = layers[to] as (typeof layers)[number];
      if (!observers.has(node.inputs[0] as string)) bytes += inputs * inputs * 8;
      if (bytes > hessianBytes && to > from) break;
      if (!observers.has(node.inputs[0] as string))
        observers.set(node.inputs[0] as string, new HessianObserver(node, tensor));
    }
    const work = portion(context, from / layers.length, to / layers.length);
    await observe({ model, data }, [...observers.values()], portion(work, 0, 0.4));
    for (let at = from; at < to; at++) {
      context.signal.throwIfAborted();
      const { node, tensor, inputs, outputs, turned } = layers[at] as (typeof layers)[number];
      const hessian = observers.get(node.inputs[0] as string)?.hessian() as Hessian;
      made.set(
        node.name,
        gptqBlocks(matrix(tensor, inputs, outputs, turned), inputs, outputs, format, hessian, clipSteps),
      );
      work.progress({ phase: 'GPTQ', fraction: 0.4 + (0.6 * (at + 1 - from)) / (to - from), detail: node.name });
    }
    from = to;
  }
  return made;
}

interface MatrixWeight {
  readonly tensor: Tensor;
  readonly inputs: number;
  readonly outputs: number;
  /** Held as [outputs, inputs]. */
  readonly turned: boolean;
}

function matrixOf(node: Node, tensor: Tensor | undefined): MatrixWeight | null {
  if (node.domain !== '' || (node.opType !== 'MatMul' && node.opType !== 'Gemm') || tensor?.shape.length !== 2)
    return null;
  const turned = node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1;
  const [rows, columns] = tensor.shape as [number, number];
  return { tensor, turned, inputs: turned ? columns : rows, outputs: turned ? rows : columns };
}

function refuseProduct(node: Node, weight: Tensor | undefined, input: Tensor | undefined): string | null {
  if (weight === undefined) return 'its weight is computed, not constant';
  if (weight.dtype !== 'float32') return `its weight is ${weight.dtype}, not float32`;
  if (weight.shape.length !== 2) return 'its weight is no matrix';
  if (input !== undefined) return 'its first operand is a constant';
  if (elementCount(weight.shape) > largestWeight) return 'its weight is larger than 256 MB';
  if (node.opType !== 'Gemm') return null;
  const plain =
    attributes.intOf(node, 'transA', 0) === 0 &&
    attributes.floatOf(node, 'alpha', 1) === 1 &&
    attributes.floatOf(node, 'beta', 1) === 1;
  return plain ? null : 'transA, alpha or beta have no counterpart in MatMulNBits';
}

/** The weight as [inputs, outputs]. */
function matrix(tensor: Tensor, inputs: number, outputs: number, turned: boolean): Float32Array {
  const { data } = readTensor(tensor) as NdArray<'float32'>;
  if (!turned) return data;
  const w = new Float32Array(data.length);
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++) w[input * outputs + output] = data[output * inputs + input]!;
  return w;
}

class BlockEdit {
  readonly #scope: Scope;
  readonly #request: BlockRequest;
  readonly #admits: (node: Node) => boolean;
  readonly #tally: Tally;
  readonly #made: ReadonlyMap<string, BlockCodes>;
  readonly #patch: Patch;
  readonly #stored = new Map<string, string[]>();

  constructor(
    scope: Scope,
    request: BlockRequest,
    admits: (node: Node) => boolean,
    tally: Tally,
    made: ReadonlyMap<string, BlockCodes>,
  ) {
    this.#scope = scope;
    this.#request = request;
    this.#admits = admits;
    this.#tally = tally;
    this.#made = made;
    this.#patch = new Patch(scope.index.graph);
  }

  graph(): Graph {
    const { graph } = this.#scope.index;
    for (const node of graph.nodes) {
      if (node.domain !== '') continue;
      if (node.opType === 'MatMul' || node.opType === 'Gemm') this.#product(node);
      if (node.opType === 'Gather' && this.#request.embeddings) this.#table(node);
    }
    return this.#patch.isEmpty ? graph : withoutUnused(this.#patch.apply());
  }

  #product(node: Node): void {
    const { constants } = this.#scope;
    const tensor = constants.tensor(node.inputs[1] as string);
    const refusal = refuseProduct(node, tensor, constants.tensor(node.inputs[0] as string));
    this.#tally.eligible++;
    const reason = this.#admits(node) ? refusal : 'not among the targets';
    const weight = matrixOf(node, tensor);
    if (reason !== null || weight === null) {
      this.#tally.skip(node, reason ?? 'its weight is no matrix');
      return;
    }
    const { format, accuracyLevel } = this.#request;
    const [codes, scales, zeroPoints] = this.#store(node, weight);
    const bias = node.opType === 'Gemm' ? (node.inputs[2] ?? '') : '';
    const product = bias === '' ? (node.outputs[0] as string) : this.#patch.freshName(`${node.outputs[0]}_product`);
    const inputs = [node.inputs[0] as string, codes as string, scales as string];
    if (zeroPoints !== undefined) inputs.push(zeroPoints);
    this.#patch.removeNode(node.name);
    this.#patch.addNode(
      makeNode(
        'MatMulNBits',
        node.name,
        inputs,
        [product],
        {
          K: attributes.int(weight.inputs),
          N: attributes.int(weight.outputs),
          bits: attributes.int(format.bits),
          block_size: attributes.int(format.block),
          accuracy_level: attributes.int(accuracyLevel),
        },
        'com.microsoft',
      ),
    );
    if (bias !== '')
      this.#patch.addNode(
        makeNode('Add', this.#patch.freshName(`${node.name}_bias`), [product, bias], [...node.outputs]),
      );
    this.#tally.changed++;
  }

  /** Names of codes, scales and zero points, stored once for all readers of a weight. */
  #store(node: Node, weight: MatrixWeight): string[] {
    const key = `${node.inputs[1]}${weight.turned ? ' turned' : ''}`;
    const known = this.#stored.get(key);
    if (known !== undefined) return known;
    const { format, algorithm } = this.#request;
    const { tensor, inputs, outputs, turned } = weight;
    const sizes = blockSizes(inputs, outputs, format);
    const held = this.#made.get(node.name);
    const make = (): BlockCodes =>
      held ?? quantized(matrix(tensor, inputs, outputs, turned), inputs, outputs, format, algorithm);
    const names = this.#setInitializers(node.inputs[1] as string, make, format, {
      codes: [outputs, sizes.blocks, sizes.bytes],
      scales: [outputs * sizes.blocks],
      zeroPoints: [outputs * (format.zeroPoints === 'float' ? sizes.blocks : sizes.zeroBytes)],
    });
    this.#stored.set(key, names);
    return names;
  }

  #setInitializers(
    stem: string,
    make: () => BlockCodes,
    format: BlockFormat,
    shapes: { codes: number[]; scales: number[]; zeroPoints: number[] },
  ): string[] {
    const names = [`${stem}_codes`, `${stem}_scales`].map((name) => this.#patch.freshName(name));
    const lazily = oneAtATime(make);
    const set = (name: string, dtype: Tensor['dtype'], shape: number[], bytes: (made: BlockCodes) => Uint8Array) => {
      const length = elementCount(shape) * (dtype === 'float32' ? 4 : 1);
      const data: TensorData = { kind: 'derived', length, read: (start, end) => bytes(lazily()).slice(start, end) };
      this.#patch.setInitializer({ name, dtype, shape, data });
    };
    set(names[0] as string, 'uint8', shapes.codes, ({ codes }) => codes);
    set(names[1] as string, 'float32', shapes.scales, ({ scales }) => bytesOf(scales));
    if (format.zeroPoints === 'none') return names;
    const zero = this.#patch.freshName(`${stem}_zero_points`);
    set(zero, format.zeroPoints === 'float' ? 'float32' : 'uint8', shapes.zeroPoints, ({ zeroPoints }) =>
      bytesOf(zeroPoints as Uint8Array | Float32Array),
    );
    return [...names, zero];
  }

  /** Rows of a table, its blocks along each row; always with the middle of the codes as zero point. */
  #table(node: Node): void {
    const { constants } = this.#scope;
    const table = constants.tensor(node.inputs[0] as string);
    if (table?.dtype !== 'float32' || table.shape.length !== 2 || attributes.intOf(node, 'axis', 0) !== 0) return;
    const [rows, width] = table.shape as [number, number];
    const format: BlockFormat = { ...this.#request.format, zeroPoints: 'none' };
    if (
      elementCount(table.shape) < smallestTable ||
      elementCount(table.shape) > largestWeight ||
      width % format.block !== 0
    )
      return;
    this.#tally.eligible++;
    if (!this.#admits(node)) {
      this.#tally.skip(node, 'not among the targets');
      return;
    }
    const sizes = blockSizes(width, rows, format);
    const algorithm = this.#request.algorithm === 'nearest' ? 'nearest' : 'mse';
    const key = `${node.inputs[0]} rows`;
    const names =
      this.#stored.get(key) ??
      this.#setInitializers(
        node.inputs[0] as string,
        () => quantized(matrix(table, width, rows, true), width, rows, format, algorithm),
        format,
        { codes: [rows, sizes.blocks * sizes.bytes], scales: [rows, sizes.blocks], zeroPoints: [] },
      );
    this.#stored.set(key, names);
    const [codes, scales] = names as [string, string];
    this.#patch.removeNode(node.name);
    this.#patch.addNode(
      makeNode(
        'GatherBlockQuantized',
        node.name,
        [codes, node.inputs[1] as string, scales],
        [...node.outputs],
        {
          bits: attributes.int(format.bits),
          block_size: attributes.int(format.block),
          gather_axis: attributes.int(0),
          quantize_axis: attributes.int(1),
        },
        'com.microsoft',
      ),
    );
    this.#tally.changed++;
  }
}

function quantized(
  w: Float32Array,
  inputs: number,
  outputs: number,
  format: BlockFormat,
  algorithm: BlockAlgorithm,
): BlockCodes {
  switch (algorithm) {
    case 'nearest':
      return roundBlocks(w, inputs, outputs, format, 1);
    case 'mse':
      return roundBlocks(w, inputs, outputs, format, clipSteps);
    case 'hqq':
      return hqqBlocks(w, inputs, outputs, format);
    case 'gptq':
      throw new LatheError({ who: 'gptq', what: 'reached a weight without its Hessian', code: 'failed' });
  }
}

/** Keeps what was made last, and only that: codes, scales and zero points of one weight are read one after the other. */
let last: { make: () => BlockCodes; made: BlockCodes } | undefined;
function oneAtATime(make: () => BlockCodes): () => BlockCodes {
  return () => {
    if (last?.make !== make) last = { make, made: make() };
    return last.made;
  };
}

function bytesOf(array: Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
