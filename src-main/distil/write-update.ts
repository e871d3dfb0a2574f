/** The update as graph nodes: gradients clipped, each parameter moved by the optimiser, masked elements held at zero. */

import { attributes, type Graph, makeValue, type NdArray, type Node, tensorFromArray, type Value } from '../onnx/ir';
import type { Emitter } from './emitter';
import type { Optimizer } from './optimizers';
import { findWeightUses, type WeightUses } from './weight-uses';

export interface TrainedParameter {
  /** Name of the initializer, and of the graph's input. */
  readonly name: string;
  readonly next: string;
  readonly state: readonly { readonly name: string; readonly next: string }[];
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

/** @param gradients parameter → its gradient; those without one are left as they are */
export function writeUpdate(
  emit: Emitter,
  request: UpdateRequest,
  parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
  gradients: ReadonlyMap<string, string>,
): WrittenUpdate {
  const { optimizer, learningRate, corrections, masks } = request;
  const laid = new Map(parameters.map(({ name, shape }) => [name, layout(emit, shape)] as const));
  const flat = new Map([...gradients].map(([name, gradient]) => [name, laid.get(name)?.lay(gradient) ?? gradient]));
  const { norm, clipped } = clipGradients(emit, flat, request.clipNorm);
  const trained: TrainedParameter[] = [];
  const states: Value[] = [];
  const usesOf = findWeightUses(request.graph);
  for (const { name, shape } of parameters) {
    const gradient = clipped.get(name);
    if (gradient === undefined) continue;
    const state = optimizer.state.map((each) => emit.fresh(`${name}:${each}`));
    states.push(...state.map((each) => makeValue(each, 'float32', shape)));
    const weightDecay = isDecayed(usesOf(name), shape) ? request.weightDecay : 0;
    const { lay, back } = laid.get(name) as Layout;
    const inputs = {
      emit,
      parameter: lay(name),
      gradient,
      state: state.map(lay),
      learningRate,
      corrections,
      weightDecay,
    };
    const [next, ...nextState] = optimizer.update(inputs).map(back) as [string, ...string[]];
    trained.push({
      name,
      next: held(emit, next, masks.get(name)),
      state: state.map((each, at) => ({ name: each, next: nextState[at] as string })),
    });
  }
  return { norm, trained, states };
}

interface Layout {
  /** A tensor of the parameter's shape, as the update is computed on it. */
  lay(value: string): string;
  back(value: string): string;
}

/** Behind trailing axes of one element (1×1 kernels) the runtime takes a scalar 45 times as long: those are laid flat. */
function layout(emit: Emitter, shape: readonly number[]): Layout {
  if (shape.length < 2 || shape.at(-1) !== 1) return { lay: (value) => value, back: (value) => value };
  return { lay: (value) => emit.reshape(value, [-1]), back: (value) => emit.reshape(value, shape) };
}

function held(emit: Emitter, value: string, mask: NdArray<'float32'> | undefined): string {
  if (mask === undefined) return value;
  const name = emit.fresh('mask');
  emit.initializers.set(name, tensorFromArray(name, mask));
  return emit.mul(value, name);
}

/** One factor for all: min(1, limit / ‖g‖). The norm is given out either way. */
function clipGradients(emit: Emitter, gradients: ReadonlyMap<string, string>, limit: number) {
  const squares = [...gradients.values()].map((gradient) =>
    emit.op('ReduceSumSquare', [gradient], { keepdims: attributes.int(0) }),
  );
  const norm = emit.op('Sqrt', [squares.length === 1 ? (squares[0] as string) : emit.op('Sum', squares)]);
  if (limit === 0) return { norm, clipped: gradients };
  const factor = emit.op('Min', [emit.scalar(1), emit.div(emit.scalar(limit), emit.add(norm, emit.scalar(1e-6)))]);
  return { norm, clipped: new Map([...gradients].map(([name, gradient]) => [name, emit.mul(gradient, factor)])) };
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
