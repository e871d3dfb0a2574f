/**
 * Where Q/DQ pairs go, so that onnxruntime's CPU provider turns each into an integer kernel: the plan, as data.
 *
 * A Unit is a node that will run on 8-bit integers, together with the Relu, Clip and constant factors behind it that
 * the output's scale and zero point take over. Conv, Gemm and MatMul with constant weights begin the plan; operators
 * between them join where that saves conversions; everything else stays float.
 */

import { attributes, elementCount, type GraphIndex, type Node, type Tensor } from '../onnx/ir';
import { alreadyQuantized, type Constants, clipBounds, computedReason, typeReason } from './constants';

export type UnitKind = 'compute' | 'elementwise' | 'pool' | 'move';

export interface Unit {
  readonly kind: UnitKind;
  readonly node: Node;
  /** Positions of the inputs that are activations. */
  readonly activations: readonly number[];
  /** Relu, Clip, Mul and Div behind the node that fall away, in order. */
  readonly absorbed: readonly Node[];
  /** What the absorbed Mul and Div multiply by, > 0. */
  readonly factor: number;
  /** The value that leaves the unit. */
  readonly output: string;
}

export interface Placement {
  /** In topological order. */
  readonly units: readonly Unit[];
  /** Units whose output goes through Q and DQ; a bare MatMul or Gemm before float operators gives floats by itself. */
  readonly emitting: ReadonlySet<Unit>;
  /** Float values that units read: each gets a Q and a DQ of its own. */
  readonly entering: ReadonlySet<string>;
  /** Value → the value whose scale and zero point it shares, through operators that only move data. */
  readonly roots: ReadonlyMap<string, string>;
  readonly eligible: number;
  readonly skipped: readonly { readonly node: Node; readonly reason: string }[];
}

export interface PlacementQuestion {
  readonly index: GraphIndex;
  readonly constants: Constants;
  /** Whether the user's targets admit a node. */
  readonly admits: (node: Node) => boolean;
  /** Elements of a value in one run; only ratios matter. 1 where unknown. */
  readonly elements: (value: string) => number;
  /** Rank of a value; undefined where unknown. */
  readonly rank: (value: string) => number | undefined;
  /** Quantize MatMuls of two activations as well. */
  readonly attention: boolean;
  /** Nodes that read integers of 16 bits: no units, but what they read had best be integers already. */
  readonly wide: ReadonlySet<string>;
}

/** Operators that run on the integers as they are: input and output share scale and zero point. */
const movers = new Set([
  'MaxPool',
  'Resize',
  'Reshape',
  'Transpose',
  'Flatten',
  'Slice',
  'Squeeze',
  'Unsqueeze',
  'Expand',
  'Tile',
  'Gather',
  'Split',
  'DepthToSpace',
]);
const pools = new Set(['AveragePool', 'GlobalAveragePool']);
const elementwise = new Set(['Add', 'Mul', 'Concat', 'Sigmoid', 'LeakyRelu']);
/** Read only the shape of their input. */
const shapeReaders = new Set(['Shape', 'Size']);

/** Nodes that int8 kernels could take over, were their operands fit. */
export function isComputeNode(node: Node): boolean {
  return node.domain === '' && ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'].includes(node.opType);
}

/** Operators that onnxruntime's CPU provider runs on 8-bit integers, given fit operands. */
export const integerOps: readonly string[] = ['Conv', 'Gemm', 'MatMul', ...movers, ...pools, ...elementwise];

export function hasIntegerKernel(opType: string): boolean {
  return integerOps.includes(opType);
}

export function planPlacement(question: PlacementQuestion): Placement {
  const skipped: { node: Node; reason: string }[] = [];
  const units = new Map<string, Unit>();
  const absorbed = new Set<string>();
  let eligible = 0;
  for (const node of question.index.graph.nodes) {
    if (absorbed.has(node.name)) continue;
    if (isComputeNode(node)) {
      eligible++;
      const refusal = question.admits(node) ? refuseCompute(question, node) : 'not among the targets';
      if (refusal !== null) {
        skipped.push({ node, reason: refusal });
        continue;
      }
    }
    const unit = unitOf(question, node);
    if (unit === null) continue;
    units.set(node.name, unit);
    for (const tail of unit.absorbed) absorbed.add(tail.name);
  }
  const settled = new Settlement(question, [...units.values()]);
  return { ...settled.result(), eligible, skipped };
}

/** Why a Conv, Gemm or MatMul can't run on integers; null where it can. */
function refuseCompute({ constants, rank, attention }: PlacementQuestion, node: Node): string | null {
  const [data, weight, bias] = node.inputs as [string, string, string | undefined];
  if (node.opType === 'ConvTranspose') return "onnxruntime's CPU provider has no integer ConvTranspose";
  if (constants.isDequantized(data) || constants.isDequantized(weight)) return alreadyQuantized;
  if (constants.tensor(data) !== undefined && node.opType !== 'Gemm') return 'its first operand is a constant';
  const held = constants.tensor(weight);
  if (held === undefined) {
    if (node.opType !== 'MatMul' || constants.isFixed(weight)) return computedReason(constants, weight);
    if (attention) return null;
    return 'both operands are activations, which stay float';
  }
  if (held.dtype !== 'float32') return typeReason(held);
  if (elementCount(held.shape) === 0) return 'its weight has no elements';
  if (bias !== undefined && bias !== '' && constants.tensor(bias)?.dtype !== 'float32')
    return 'its bias is computed, not constant';
  if (node.opType === 'MatMul' && held.shape.length < 2) return 'its weight is a vector';
  if (node.opType === 'Conv' && (rank(data) ?? 4) < 3) return 'its input has no spatial dimension';
  if (node.opType === 'Gemm') return refuseGemm(node, held, bias ? constants.tensor(bias) : undefined);
  return null;
}

function refuseGemm(node: Node, weight: Tensor, bias: Tensor | undefined): string | null {
  if (attributes.intOf(node, 'transA', 0) !== 0) return 'transA = 1 has no integer kernel';
  if (attributes.floatOf(node, 'beta', 1) !== 1) return 'beta other than 1 has no integer kernel';
  const outputs = weight.shape[attributes.intOf(node, 'transB', 0) === 1 ? 0 : 1];
  if (bias !== undefined && bias.shape.at(-1) !== outputs) return 'its bias is broadcast over the outputs';
  return null;
}

function unitOf(question: PlacementQuestion, node: Node): Unit | null {
  if (node.domain !== '') return null;
  const kind = kindOf(node);
  if (kind === null) return null;
  const activations = activationInputs(question.constants, node, kind);
  if (activations.length === 0) return null;
  if (kind !== 'move' && !question.admits(node)) return null;
  if (kind === 'elementwise' && (isBiasOfMatMul(question, node) || isPieceOfGelu(question, node))) return null;
  if (kind === 'move') {
    if (node.opType !== 'Split' && node.outputs.filter((output) => output !== '').length !== 1) return null;
    return { kind, node, activations, absorbed: [], factor: 1, output: node.outputs[0] as string };
  }
  return { kind, node, activations, ...tailOf(question, node) };
}

function kindOf(node: Node): UnitKind | null {
  if (isComputeNode(node)) return 'compute';
  if (movers.has(node.opType)) return 'move';
  if (pools.has(node.opType)) return 'pool';
  return elementwise.has(node.opType) ? 'elementwise' : null;
}

function activationInputs(constants: Constants, node: Node, kind: UnitKind): number[] {
  if (kind === 'move' || kind === 'pool') return constants.tensor(node.inputs[0] as string) === undefined ? [0] : [];
  const operands = node.opType === 'Conv' || node.opType === 'Gemm' ? node.inputs.slice(0, 1) : node.inputs;
  return operands.flatMap((input, at) => (constants.tensor(input) === undefined ? [at] : []));
}

/** A constant added to a MatMul's result: better added in float, where it costs nothing and loses nothing. */
function isBiasOfMatMul({ index, constants }: PlacementQuestion, node: Node): boolean {
  return (
    node.opType === 'Add' &&
    node.inputs.some((input) => constants.tensor(input) !== undefined) &&
    node.inputs.some((input) => index.producer(input)?.opType === 'MatMul')
  );
}

/** x·(1 + erf(x/√2)): onnxruntime makes one float kernel of the pieces, unless a pair stands between them. */
function isPieceOfGelu({ index }: PlacementQuestion, { inputs }: Node): boolean {
  return inputs.some((input) => {
    const maker = index.producer(input);
    return maker?.opType === 'Add' && maker.inputs.some((operand) => index.producer(operand)?.opType === 'Erf');
  });
}

/** What follows a node, one reader at a time, and can be said by the output's scale and zero point instead. */
function tailOf(
  { index, constants, admits }: PlacementQuestion,
  head: Node,
): Pick<Unit, 'absorbed' | 'factor' | 'output'> {
  const absorbed: Node[] = [];
  let output = head.outputs[0] as string;
  let factor = 1;
  for (;;) {
    const [next, ...others] = index.consumers(output);
    if (next === undefined || others.length > 0 || index.isOutput(output) || next.domain !== '' || !admits(next)) break;
    const by = positiveFactor(constants, next, output);
    if (by === null && !isClipOverZero(constants, next)) break;
    factor *= by ?? 1;
    absorbed.push(next);
    output = next.outputs[0] as string;
  }
  return { absorbed, factor, output };
}

/** Relu, or Clip whose bounds hold 0: a range measured behind it implies it. */
function isClipOverZero(constants: Constants, node: Node): boolean {
  if (node.opType === 'Relu') return true;
  if (node.opType !== 'Clip') return false;
  const bounds = clipBounds(constants, node);
  return bounds !== undefined && bounds.low <= 0 && bounds.high >= 0;
}

/** What an activation function lets through. */
export interface OpenInterval {
  /** What the last of them gives: inside the interval where nothing was cut off. */
  readonly value: string;
  readonly low: number;
  readonly high: number;
}

/** What the Relu and Clip right behind a unit's node let through; null where there are none. */
export function openInterval(constants: Constants, { absorbed }: Unit): OpenInterval | null {
  const end = absorbed.findIndex(({ opType }) => opType === 'Mul' || opType === 'Div');
  const cuts = end < 0 ? absorbed : absorbed.slice(0, end);
  if (cuts.length === 0) return null;
  const open = cuts.map(
    (node): Partial<OpenInterval> => (node.opType === 'Relu' ? { low: 0 } : (clipBounds(constants, node) ?? {})),
  );
  return {
    value: cuts.at(-1)?.outputs[0] as string,
    low: Math.max(...open.map(({ low = Number.NEGATIVE_INFINITY }) => low)),
    high: Math.min(...open.map(({ high = Number.POSITIVE_INFINITY }) => high)),
  };
}

/** The factor of a Mul or Div by one constant above 0; null for any other node. */
function positiveFactor(constants: Constants, node: Node, value: string): number | null {
  if (node.opType !== 'Mul' && node.opType !== 'Div') return null;
  const at = node.inputs.indexOf(value);
  if (node.opType === 'Div' && at !== 0) return null;
  const operand = node.inputs[1 - at] as string;
  if ((constants.tensor(operand)?.shape.length ?? 9) > 1) return null;
  const by = constants.scalar(operand);
  if (by === undefined || !(by > 0) || !Number.isFinite(by)) return null;
  return node.opType === 'Mul' ? by : 1 / by;
}

/** Takes every candidate in, then lets those go that would not fuse or would cost more conversions than they save. */
class Settlement {
  readonly #question: PlacementQuestion;
  readonly #units: readonly Unit[];
  readonly #active: Set<Unit>;
  readonly #heads: Map<string, Unit>;
  readonly #makers: Map<string, Unit>;

  constructor(question: PlacementQuestion, units: readonly Unit[]) {
    this.#question = question;
    this.#units = units;
    this.#active = new Set(units);
    this.#heads = new Map(units.map((unit) => [unit.node.name, unit]));
    this.#makers = new Map(units.flatMap((unit) => outputsOf(unit).map((output) => [output, unit] as const)));
    for (let changed = true; changed; ) {
      changed = false;
      for (const unit of units) {
        if (!this.#active.has(unit) || this.#pays(unit)) continue;
        this.#active.delete(unit);
        changed = true;
      }
    }
  }

  result(): Pick<Placement, 'units' | 'emitting' | 'entering' | 'roots'> {
    const units = this.#units.filter((unit) => this.#active.has(unit));
    const entering = new Set<string>();
    const roots = new Map<string, string>();
    for (const unit of units) {
      for (const value of activationsOf(unit)) if (!this.#isInteger(value)) entering.add(value);
      if (unit.kind !== 'move') continue;
      const source = unit.node.inputs[0] as string;
      for (const output of outputsOf(unit)) roots.set(output, roots.get(source) ?? source);
    }
    return { units, emitting: new Set(units.filter((unit) => this.#emits(unit))), entering, roots };
  }

  #pays(unit: Unit): boolean {
    const { elements } = this.#question;
    const inputs = activationsOf(unit);
    switch (unit.kind) {
      case 'compute':
        return true;
      case 'pool':
        return inputs.every((value) => this.#isInteger(value));
      case 'move':
        return (
          inputs.every((value) => this.#isInteger(value)) &&
          (unit.node.opType === 'MaxPool' || outputsOf(unit).some((output) => this.#readers(output).integer > 0))
        );
      case 'elementwise': {
        const { integer, float } = this.#readers(unit.output);
        if (integer === 0 || float > 0) return false;
        const saved = sum(inputs.filter((value) => this.#isInteger(value)).map(elements));
        const spent = sum(inputs.filter((value) => !this.#isInteger(value)).map(elements));
        return saved > 0 && spent <= saved;
      }
    }
  }

  /** Whether a value exists as integers without a Q of its own. */
  #isInteger(value: string): boolean {
    const maker = this.#makers.get(value);
    return maker !== undefined && this.#active.has(maker) && this.#emits(maker);
  }

  #emits(unit: Unit): boolean {
    if (unit.node.opType !== 'MatMul' && unit.node.opType !== 'Gemm') return true;
    // A Relu or Clip without a Q behind it is fused into the float product before any integer kernel is looked for.
    if (unit.absorbed.some(({ opType }) => opType === 'Relu' || opType === 'Clip')) return true;
    const { integer, float } = this.#readers(unit.output);
    return integer > 0 && float === 0;
  }

  /** How many readers of a value take it as integers, and how many as floats (a graph output is one). */
  #readers(value: string): { integer: number; float: number } {
    const { index } = this.#question;
    let integer = 0;
    let float = index.isOutput(value) ? 1 : 0;
    for (const node of index.consumers(value)) {
      if (shapeReaders.has(node.opType) && node.domain === '') continue;
      const unit = this.#heads.get(node.name);
      if (this.#question.wide.has(node.name)) integer++;
      else if (unit !== undefined && this.#active.has(unit) && activationsOf(unit).includes(value)) integer++;
      else float++;
    }
    return { integer, float };
  }
}

/** The activations that a unit reads. */
export function activationsOf(unit: Unit): string[] {
  return unit.activations.map((at) => unit.node.inputs[at] as string);
}

/** The values that leave a unit: more than one only for Split. */
export function outputsOf(unit: Unit): readonly string[] {
  return unit.node.opType === 'Split' ? unit.node.outputs.filter((output) => output !== '') : [unit.output];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
