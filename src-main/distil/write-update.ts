/** The update as graph nodes: gradients clipped, each parameter moved by the optimiser, masked elements held at zero. */

import {
  attributes,
  elementCount,
  type Graph,
  makeValue,
  type NdArray,
  type Node,
  tensorFromArray,
  type Value,
} from '../onnx/ir';
import type { Emitter } from './emitter';
import type { Optimizer } from './optimizers';
import { findWeightUses, type WeightUses } from './weight-uses';

export interface TrainedParameter {
  /** Name of the initializer, and of the graph's input. */
  readonly name: string;
  readonly next: string;
  readonly state: readonly { readonly name: string; readonly next: string }[];
}

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface UpdateRequest {
  /** The forward graph, whose readers tell what a parameter is. */
  readonly graph: Graph;
  readonly optimizer: Optimizer;
  readonly weightDecay: number;
  /** Global norm to which gradients are clipped; 0 = not. */
  readonly clipNorm: number;
  readonly masks: ReadonlyMap<string, NdArray<'float32'>>;
  /** float32 scalars fed at each step. */
  readonly learningRate: string;
  readonly corrections: readonly [string, string];
}

export interface WrittenUpdate {
  /** Global norm of the gradients before clipping. */
  readonly norm: string;
  readonly trained: readonly TrainedParameter[];
  /** Inputs for the optimiser's state. */
  readonly states: readonly Value[];
}

/** @param gradients parameter → its gradient, the last made first; parameters without one are left as they are */
export function writeUpdate(
  emit: Emitter,
  request: UpdateRequest,
  parameters: readonly Parameter[],
  gradients: ReadonlyMap<string, string>,
): WrittenUpdate {
  const { optimizer, learningRate, corrections, masks } = request;
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const learned = [...gradients.keys()].flatMap((name) => {
    const shape = shapes.get(name);
    return shape === undefined ? [] : [{ name, shape }];
  });
  const bundles = bundlesOf(request, learned).map((bundle) => ({ ...bundle, ...layout(emit, bundle.parameters) }));
  const early = request.clipNorm > 0 ? normOf(emit, gradients) : null;
  const factor = early === null ? null : clipFactor(emit, early, request.clipNorm);
  const trained: TrainedParameter[] = [];
  const states: Value[] = [];
  for (const { parameters: own, weightDecay, lay, back } of bundles) {
    const gradient = lay(own.map(({ name }) => gradients.get(name) as string));
    const stateNames = own.map(({ name }) => optimizer.state.map((each) => emit.fresh(`${name}:${each}`)));
    const inputs = {
      emit,
      parameter: lay(own.map(({ name }) => name)),
      gradient: factor === null ? gradient : emit.mul(gradient, factor),
      state: optimizer.state.map((_, index) => lay(stateNames.map((names) => names[index] as string))),
      learningRate,
      corrections,
      weightDecay,
    };
    const [next, ...nextStates] = optimizer.update(inputs).map(back) as [string[], ...string[][]];
    own.forEach(({ name, shape }, member) => {
      const state = (stateNames[member] as string[]).map((each, index) => ({
        name: each,
        next: nextStates[index]?.[member] as string,
      }));
      states.push(...state.map((each) => makeValue(each.name, 'float32', shape)));
      trained.push({ name, next: held(emit, next[member] as string, masks.get(name)), state });
    });
  }
  // What stands last is come to first: all gradients are asked for in their order, whatever reads them besides.
  return { norm: early ?? normOf(emit, gradients), trained, states };
}

/** Parameters that are moved as one tensor. */
interface Bundle {
  readonly parameters: readonly Parameter[];
  readonly weightDecay: number;
}

/** Up to so many elements a node costs more than its work: such parameters are laid end to end. */
const smallParameter = 4096;

/** Small ones together, those that decay apart from those that do not; each of the others, and what has a mask, by itself. */
function bundlesOf({ graph, weightDecay, masks }: UpdateRequest, parameters: readonly Parameter[]): Bundle[] {
  const usesOf = findWeightUses(graph);
  const bundles: Bundle[] = [];
  const together = new Map<number, Parameter[]>();
  for (const parameter of parameters) {
    const { name, shape } = parameter;
    const decay = isDecayed(usesOf(name), shape) ? weightDecay : 0;
    if (masks.has(name) || elementCount(shape) > smallParameter) {
      bundles.push({ parameters: [parameter], weightDecay: decay });
    } else together.set(decay, [...(together.get(decay) ?? []), parameter]);
  }
  // Their gradients are all there last.
  return [...[...together].map(([decay, members]) => ({ parameters: members, weightDecay: decay })), ...bundles];
}

interface Layout {
  /** One tensor of the values, each of the shape of its parameter, as the update is computed on it. */
  lay(values: readonly string[]): string;
  back(value: string): string[];
}

/**
 * Several are laid end to end. Behind trailing axes of one element (1×1 kernels) the runtime takes a scalar 45 times as long:
 * those are laid flat too.
 */
function layout(emit: Emitter, parameters: readonly Parameter[]): Layout {
  const flat = (value: string, shape: readonly number[]) => (shape.length === 1 ? value : emit.reshape(value, [-1]));
  const shaped = (value: string, shape: readonly number[]) => (shape.length === 1 ? value : emit.reshape(value, shape));
  const [first] = parameters as readonly [Parameter];
  if (parameters.length === 1) {
    if (first.shape.length < 2 || first.shape.at(-1) !== 1)
      return { lay: ([value]) => value as string, back: (value) => [value] };
    return { lay: ([value]) => flat(value as string, first.shape), back: (value) => [shaped(value, first.shape)] };
  }
  const axis = { axis: attributes.int(0) };
  const sizes = emit.integers(parameters.map(({ shape }) => elementCount(shape)));
  return {
    lay: (values) =>
      emit.op(
        'Concat',
        values.map((value, at) => flat(value, (parameters[at] as Parameter).shape)),
        axis,
      ),
    back: (value) =>
      emit
        .ops('Split', [value, sizes], parameters.length, axis)
        .map((part, at) => shaped(part, (parameters[at] as Parameter).shape)),
  };
}

function held(emit: Emitter, value: string, mask: NdArray<'float32'> | undefined): string {
  if (mask === undefined) return value;
  const name = emit.fresh('mask');
  emit.initializers.set(name, tensorFromArray(name, mask));
  return emit.mul(value, name);
}

/** The global norm ‖g‖. */
function normOf(emit: Emitter, gradients: ReadonlyMap<string, string>): string {
  const squares = [...gradients.values()].map((gradient) =>
    emit.op('ReduceSumSquare', [gradient], { keepdims: attributes.int(0) }),
  );
  return emit.op('Sqrt', [squares.length === 1 ? (squares[0] as string) : emit.op('Sum', squares)]);
}

/** One factor for all gradients: min(1, limit / ‖g‖). */
function clipFactor(emit: Emitter, norm: string, limit: number): string {
  return emit.op('Min', [emit.scalar(1), emit.div(emit.scalar(limit), emit.add(norm, emit.scalar(1e-6)))]);
}

/** Inputs that hold biases, slopes and scales of norms, which no decay should pull to zero. */
const undecayedInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [2],
  ConvTranspose: [2],
  Gemm: [2],
  Add: [0, 1],
  PRelu: [1],
  LSTM: [3],
  GRU: [3],
  RNN: [3],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  LayerNormalization: [1, 2],
};

/** Matrices and kernels are; what has one long axis, or is used only as a bias or a norm's scale, is not. */
function isDecayed({ uses, others }: WeightUses, shape: readonly number[]): boolean {
  if (shape.filter((dim) => dim > 1).length < 2) return false;
  const isShift = (node: Node) => node.opType === 'Add';
  return !others.every(isShift) || !uses.every(({ node, at }) => undecayedInputs[node.opType]?.includes(at));
}
