/**
 * LSTM, GRU and RNN written out as a Scan over their steps, so that they can be differentiated: a product of the whole
 * sequence with the input weights goes before, the body is the cell. Weights keep their names and shapes, so that what is
 * trained here fits the original node.
 * Source: the operators' definitions in ONNX (LSTM-14, GRU-14, RNN-14).
 */

import { attributes, type Model, makeGraph, makeNode, type Node, Patch } from '../onnx/ir';
import { Emitter, namesOf } from './emitter';
import { unsupported } from './gradient';
import { type Activation, cellActivations } from './recurrent-activations';

const { graph: graphOf, int, intOf, ints, stringOf } = attributes;
export const recurrent = ['LSTM', 'GRU', 'RNN'] as const;
type Recurrent = (typeof recurrent)[number];

/** Blocks of gates that lie stacked in W, R and B. */
const gateCount: Readonly<Record<Recurrent, number>> = { LSTM: 4, GRU: 3, RNN: 1 };

/**
 * @param isWanted which nodes; the others stay as they are
 * @throws LatheError where a node uses a form that is not covered
 */
export function writeOutRecurrent(model: Model, isWanted: (node: Node) => boolean = () => true): Model {
  const nodes = model.graph.nodes.filter(
    (node) => node.domain === '' && (recurrent as readonly string[]).includes(node.opType) && isWanted(node),
  );
  if (nodes.length === 0) return model;
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const node of nodes) {
    patch.removeNode(node.name);
    writeOut(emit, node);
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

function writeOut(emit: Emitter, node: Node): void {
  // onnxruntime has no kernel for it.
  if (intOf(node, 'layout', 0) !== 0) throw unsupported(node, 'layout = 1');
  const kind = node.opType as Recurrent;
  const direction = stringOf(node, 'direction', 'forward');
  const directions = direction === 'bidirectional' ? 2 : 1;
  const results = Array.from({ length: directions }, (_, at) =>
    writeDirection(emit, node, {
      kind,
      at,
      directions,
      backwards: direction === 'reverse' || at === 1,
      hidden: intOf(node, 'hidden_size', 0),
    }),
  );
  // [T, directions, N, H], then the last states [directions, N, H].
  for (const [place, axis, part] of [
    [0, 1, 'all'],
    [1, 0, 'h'],
    [2, 0, 'c'],
  ] as const) {
    const output = node.outputs[place] ?? '';
    if (output === '') continue;
    const lifted = results.map((result) => emit.unsqueeze(result[part], [axis]));
    emit.nodes.push(makeNode('Concat', emit.fresh(`${node.name}:${output}`), lifted, [output], { axis: int(axis) }));
  }
}

interface Direction {
  readonly kind: Recurrent;
  /** 0, or 1 for the second of two. */
  readonly at: number;
  readonly directions: number;
  /** From the last step to the first. */
  readonly backwards: boolean;
  readonly hidden: number;
}

/** h of all steps [T, N, H], where it is read, and the last h and c [N, H]. */
function writeDirection(emit: Emitter, node: Node, direction: Direction): { all: string; h: string; c: string } {
  const { kind, at, directions, backwards, hidden } = direction;
  const gates = gateCount[kind];
  const [x, w, r, b] = [0, 1, 2, 3].map((place) => node.inputs[place] ?? '') as [string, string, string, string];
  const [lengths, h0, c0, p] = [4, 5, 6, 7].map((place) => node.inputs[place] ?? '') as [
    string,
    string,
    string,
    string,
  ];
  const pick = (value: string) =>
    directions === 1
      ? emit.squeeze(value, [0])
      : emit.squeeze(emit.ops('Split', [value], 2, { axis: int(0), num_outputs: int(2) })[at] as string, [0]);
  const halves =
    b === ''
      ? null
      : emit.ops('Split', [pick(b), emit.integers([gates * hidden, gates * hidden])], 2, { axis: int(0) });
  const resetAfter = kind === 'GRU' && intOf(node, 'linear_before_reset', 0) === 1;
  const bias = halves === null ? null : resetAfter ? (halves[0] as string) : emit.add(...(halves as [string, string]));
  const start = (given: string) => (given === '' ? zeroState(emit, x, hidden) : pick(given));
  const states = [start(h0), ...(kind === 'LSTM' ? [start(c0)] : [])];
  const sequences = [inputShare(emit, x, pick(w), bias), ...(lengths === '' ? [] : [liveRows(emit, x, lengths)])];

  const inner = emit.nested();
  const inputs = ['h', 'c', 'x', 'live'].map((name) => inner.fresh(`${node.name}:${name}`));
  const [h, c, step, live] = inputs as [string, string, string, string];
  const cell = makeCell(emit, inner, node, direction, {
    r: pick(r),
    rBias: resetAfter ? ((halves?.[1] as string) ?? null) : null,
    peepholes: p === '' ? null : emit.ops('Split', [pick(p)], 3, { axis: int(0), num_outputs: int(3) }),
  });
  const next = cell(step, h, c);
  const follow = (before: string, after: string) =>
    lengths === '' ? after : inner.add(before, inner.mul(live, inner.sub(after, before)));
  const ofStep = () => (lengths === '' ? inner.op('Identity', [next.h]) : inner.mul(live, next.h));
  const given = (node.outputs[0] ?? '') === '' ? [] : [ofStep()];
  const after = [follow(h, next.h), ...(kind === 'LSTM' ? [follow(c, next.c)] : []), ...given];
  const value = (name: string) => ({ name, type: null });
  const body = makeGraph({
    name: emit.fresh(`${node.name}:step`),
    nodes: inner.nodes,
    inputs: [h, ...(kind === 'LSTM' ? [c] : []), step, ...(lengths === '' ? [] : [live])].map(value),
    outputs: after.map(value),
    initializers: inner.initializers,
  });
  const way = backwards ? 1 : 0;
  // Messages name the node as the model does.
  const name = at === 0 ? node.name : emit.fresh(node.name);
  const outputs = after.map((each) => emit.fresh(`${name}:${each}`));
  emit.nodes.push(
    makeNode('Scan', name, [...states, ...sequences], outputs, {
      body: graphOf(body),
      num_scan_inputs: int(sequences.length),
      scan_input_directions: ints(sequences.map(() => way)),
      scan_output_directions: ints(given.map(() => way)),
    }),
  );
  return { h: outputs[0] as string, c: outputs[1] ?? '', all: outputs.at(-1) as string };
}

/** [N, H]: zeros for each sample of x. */
function zeroState(emit: Emitter, x: string, hidden: number): string {
  const shape = emit.op('Concat', [emit.dimOf(x, 1), emit.integers([hidden])], { axis: int(0) });
  return emit.op('Expand', [emit.scalar(0), shape]);
}

/** [T, N, gates·H]: the share of the input [T, N, I] in the gates of every step, as one product. w is [gates·H, I]. */
function inputShare(emit: Emitter, x: string, w: string, bias: string | null): string {
  const width = emit.op('Concat', [emit.integers([-1]), emit.dimOf(w, 1)], { axis: int(0) });
  const rows = emit.op('Reshape', [x, width]);
  const product = emit.op('Gemm', bias === null ? [rows, w] : [rows, w, bias], { transB: int(1) });
  const shape = emit.op('Concat', [emit.dimOf(x, 0), emit.dimOf(x, 1), emit.integers([-1])], { axis: int(0) });
  return emit.op('Reshape', [product, shape]);
}

/** [T, N, 1]: 1 where a sequence reaches the step, 0 where it is over. */
function liveRows(emit: Emitter, x: string, lengths: string): string {
  const count = emit.squeeze(emit.dimOf(x, 0), [0]);
  const steps = emit.op('Range', [emit.integers([0], []), count, emit.integers([1], [])]);
  const reached = emit.op('Greater', [
    emit.unsqueeze(emit.cast(lengths, 'int64'), [0, 2]),
    emit.unsqueeze(steps, [1, 2]),
  ]);
  return emit.cast(reached, 'float32');
}

type Cell = (x: string, h: string, c: string) => { h: string; c: string };

interface CellWeights {
  /** [gates·H, H]. */
  readonly r: string;
  /** [gates·H] of a GRU with linear_before_reset. */
  readonly rBias: string | null;
  /** Each [H], for i, o, f. */
  readonly peepholes: readonly string[] | null;
}

/**
 * One step; x is the input's share [N, gates·H], h and c are [N, H]. Gates lie in ONNX's order: iofc, zrh.
 * @param emit around the body, where what is the same for all steps is written
 */
function makeCell(
  emit: Emitter,
  inner: Emitter,
  node: Node,
  { kind, at, hidden }: Direction,
  { r, rBias, peepholes }: CellWeights,
): Cell {
  const clip = attributes.floatOf(node, 'clip', null);
  // onnxruntime clips what gates and candidates are made of, and not the state of the cell.
  const clipped = (value: string) =>
    clip === null ? value : inner.op('Clip', [value, inner.scalar(-clip), inner.scalar(clip)]);
  const [gatesThrough, candidatesThrough, through] = cellActivations(inner, node, at) as [
    Activation,
    Activation,
    Activation,
  ];
  const ofGates: Activation = (value) => gatesThrough(clipped(value));
  const ofCandidates: Activation = (value) => candidatesThrough(clipped(value));
  const parts = (writer: Emitter, value: string, sizes: readonly number[], axis: number) =>
    writer.ops('Split', [value, writer.integers(sizes)], sizes.length, { axis: int(axis) });
  /** h·Rᵀ + what else goes into the gates. */
  const product = (h: string, weights: string, more: string | null) =>
    inner.op('Gemm', more === null ? [h, weights] : [h, weights, more], { transB: int(1) });
  if (kind === 'RNN') return (x, h) => ({ h: ofGates(product(h, r, x)), c: '' });
  if (kind === 'LSTM') {
    const gate = (z: string, of: number, c: string) =>
      ofGates(peepholes === null ? z : inner.add(z, inner.mul(peepholes[of] as string, c)));
    return (x, h, c) => {
      const sizes = [hidden, hidden, hidden, hidden];
      const [zi, zo, zf, zc] = parts(inner, product(h, r, x), sizes, 1) as [string, string, string, string];
      const i = gate(zi, 0, c);
      const f = intOf(node, 'input_forget', 0) === 1 ? inner.sub(inner.scalar(1), i) : gate(zf, 2, c);
      const next = inner.add(inner.mul(f, c), inner.mul(i, ofCandidates(zc)));
      return { h: inner.mul(gate(zo, 1, next), through(next)), c: next };
    };
  }
  const sizes = [2 * hidden, hidden];
  const [rGates, rHidden] = parts(emit, r, sizes, 0) as [string, string];
  const [bGates, bHidden] = rBias === null ? [null, null] : (parts(emit, rBias, sizes, 0) as [string, string]);
  const resetAfter = intOf(node, 'linear_before_reset', 0) === 1;
  return (x, h) => {
    const [xGates, xHidden] = parts(inner, x, sizes, 1) as [string, string];
    const share = product(h, rGates, xGates);
    const [zUpdate, zReset] = parts(inner, bGates === null ? share : inner.add(share, bGates), [hidden, hidden], 1) as [
      string,
      string,
    ];
    const [z, reset] = [ofGates(zUpdate), ofGates(zReset)];
    const candidate = ofCandidates(
      resetAfter
        ? inner.add(xHidden, inner.mul(reset, product(h, rHidden, bHidden)))
        : product(inner.mul(reset, h), rHidden, xHidden),
    );
    // h' = (1 − z)·n + z·h
    return { h: inner.add(candidate, inner.mul(z, inner.sub(h, candidate))), c: '' };
  };
}
