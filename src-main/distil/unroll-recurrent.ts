/**
 * LSTM, GRU and RNN written out step by step in plain operators, so that they can be differentiated. The length of the
 * sequence must be known; the graph grows by about a dozen nodes a step and direction. Weights keep their names and
 * shapes, so that what is trained here fits the original node.
 * Source: the operators' definitions in ONNX (LSTM-14, GRU-14, RNN-14).
 */

import { attributes, type Model, type Node, Patch } from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { Emitter, namesOf } from './emitter';
import { unsupported } from './gradient';

const { int, intOf, stringOf } = attributes;
const recurrent = ['LSTM', 'GRU', 'RNN'] as const;
type Recurrent = (typeof recurrent)[number];

/** Blocks of gates that lie stacked in W, R and B. */
const gateCount: Readonly<Record<Recurrent, number>> = { LSTM: 4, GRU: 3, RNN: 1 };

/** @throws LatheError where a node uses a form that is not covered, or the sequence's length is not known */
export async function unrollRecurrent(model: Model): Promise<Model> {
  const nodes = model.graph.nodes.filter(
    (node) => node.domain === '' && (recurrent as readonly string[]).includes(node.opType),
  );
  if (nodes.length === 0) return model;
  const types = await valueTypes(model);
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const node of nodes) {
    const shape = types.get(node.inputs[0] as string);
    const length = shape?.kind === 'tensor' ? shape.shape?.[0] : undefined;
    if (typeof length !== 'number')
      throw unsupported(node, 'the length of its sequence is not known', 'give it with --dim');
    patch.removeNode(node.name);
    unrollNode(emit, node, length);
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

function unrollNode(emit: Emitter, node: Node, length: number): void {
  refuseForms(node);
  const kind = node.opType as Recurrent;
  const directions = stringOf(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const backwards = stringOf(node, 'direction', 'forward') === 'reverse';
  const results = Array.from({ length: directions }, (_, at) =>
    unrollDirection(emit, node, kind, length, at, directions, backwards || at === 1),
  );
  const [y, yh, yc] = [node.outputs[0] ?? '', node.outputs[1] ?? '', node.outputs[2] ?? ''];
  const stack = (parts: readonly string[], axis: number) => emit.op('Concat', parts, { axis: int(axis) });
  const give = (name: string, value: string) => {
    if (name !== '') emit.nodes.push({ ...identity(name, value), name: emit.fresh(`${node.name}:${name}`) });
  };
  // Each direction: h of every step [T, 1, N, H], last h and c [1, N, H].
  give(
    y,
    stack(
      results.map((each) => each.all),
      1,
    ),
  );
  give(
    yh,
    stack(
      results.map((each) => each.h),
      0,
    ),
  );
  if (kind === 'LSTM')
    give(
      yc,
      stack(
        results.map((each) => each.c),
        0,
      ),
    );
}

function identity(output: string, input: string): Node {
  return { name: '', opType: 'Identity', domain: '', inputs: [input], outputs: [output], attributes: new Map() };
}

function refuseForms(node: Node): void {
  if (intOf(node, 'layout', 0) !== 0) throw unsupported(node, 'layout = 1');
  if (node.attributes.has('activations')) throw unsupported(node, 'activations of its own');
  if (node.attributes.has('clip')) throw unsupported(node, 'clipped cells');
  if (intOf(node, 'input_forget', 0) !== 0) throw unsupported(node, 'coupled input and forget gates');
  if ((node.inputs[4] ?? '') !== '') throw unsupported(node, 'sequences of different lengths');
  if ((node.inputs[7] ?? '') !== '') throw unsupported(node, 'peepholes');
}

interface Direction {
  readonly all: string;
  readonly h: string;
  readonly c: string;
}

function unrollDirection(
  emit: Emitter,
  node: Node,
  kind: Recurrent,
  length: number,
  at: number,
  directions: number,
  backwards: boolean,
): Direction {
  const [x, w, r, b] = node.inputs as readonly [string, string, string, string?];
  const hidden = intOf(node, 'hidden_size', 0);
  const gates = gateCount[kind];
  // [gates·H, I] → [I, gates·H]
  const pick = (value: string) =>
    directions === 1
      ? emit.squeeze(value, [0])
      : emit.squeeze(emit.ops('Split', [value], 2, { axis: int(0), num_outputs: int(2) })[at] as string, [0]);
  const wT = emit.transpose(pick(w), [1, 0]);
  const rT = emit.transpose(pick(r), [1, 0]);
  const halves =
    b === undefined || b === ''
      ? null
      : emit.ops('Split', [pick(b), emit.integers([gates * hidden, gates * hidden])], 2, { axis: int(0) });
  // [T, N, gates·H]: the input's share of every step at once
  const projected = emit.matmul(x, wT);
  const resetAfter = kind === 'GRU' && intOf(node, 'linear_before_reset', 0) === 1;
  const inputShare =
    halves === null
      ? projected
      : emit.add(projected, resetAfter ? (halves[0] as string) : emit.add(halves[0] as string, halves[1] as string));
  const steps = emit
    .ops('Split', [inputShare, emit.integers(Array<number>(length).fill(1))], length, { axis: int(0) })
    .map((step) => emit.squeeze(step, [0]));
  const cell = makeCell(
    emit,
    kind,
    rT,
    hidden,
    resetAfter ? ((halves?.[1] as string) ?? null) : null,
    intOf(node, 'linear_before_reset', 0) === 1,
  );
  const start = (input: number) => startState(emit, node.inputs[input] ?? '', x, hidden, at, directions);
  let [h, c] = [start(5), kind === 'LSTM' ? start(6) : ''];
  const order = Array.from({ length }, (_, step) => (backwards ? length - 1 - step : step));
  const all = Array<string>(length);
  for (const step of order) {
    ({ h, c } = cell(steps[step] as string, h, c));
    all[step] = emit.unsqueeze(h, [0, 1]);
  }
  return {
    all: emit.op('Concat', all, { axis: int(0) }),
    h: emit.unsqueeze(h, [0]),
    c: c === '' ? '' : emit.unsqueeze(c, [0]),
  };
}

/** [N, H]: the given state of this direction, or zeros for each sample of x. */
function startState(emit: Emitter, given: string, x: string, hidden: number, at: number, directions: number): string {
  if (given === '') {
    const shape = emit.op('Concat', [emit.dimOf(x, 1), emit.integers([hidden])], { axis: int(0) });
    return emit.op('Expand', [emit.scalar(0), shape]);
  }
  if (directions === 1) return emit.squeeze(given, [0]);
  return emit.squeeze(emit.ops('Split', [given], 2, { axis: int(0), num_outputs: int(2) })[at] as string, [0]);
}

type Cell = (x: string, h: string, c: string) => { h: string; c: string };

/** One step; x is the input's share [N, gates·H], h and c are [N, H]. Gates lie in ONNX's order: iofc, zrh. */
function makeCell(
  emit: Emitter,
  kind: Recurrent,
  rT: string,
  hidden: number,
  recurrentBias: string | null,
  linearBeforeReset: boolean,
): Cell {
  const sigmoid = (value: string) => emit.op('Sigmoid', [value]);
  const tanh = (value: string) => emit.op('Tanh', [value]);
  const parts = (value: string, sizes: readonly number[], axis = -1) =>
    emit.ops('Split', [value, emit.integers(sizes)], sizes.length, { axis: int(axis) });
  if (kind === 'RNN') return (x, h) => ({ h: tanh(emit.add(x, emit.matmul(h, rT))), c: '' });
  if (kind === 'LSTM') {
    return (x, h, c) => {
      const [gated, g] = parts(emit.add(x, emit.matmul(h, rT)), [3 * hidden, hidden]) as [string, string];
      const [i, o, f] = parts(sigmoid(gated), [hidden, hidden, hidden]) as [string, string, string];
      const next = emit.add(emit.mul(f, c), emit.mul(i, tanh(g)));
      return { h: emit.mul(o, tanh(next)), c: next };
    };
  }
  const [rGates, rHidden] = parts(rT, [2 * hidden, hidden]) as [string, string];
  const [bGates, bHidden] =
    recurrentBias === null ? [null, null] : (parts(recurrentBias, [2 * hidden, hidden], 0) as [string, string]);
  return (x, h) => {
    const [xGates, xHidden] = parts(x, [2 * hidden, hidden]) as [string, string];
    const share = emit.add(xGates, emit.matmul(h, rGates));
    const [z, r] = parts(sigmoid(bGates === null ? share : emit.add(share, bGates)), [hidden, hidden]) as [
      string,
      string,
    ];
    const through = linearBeforeReset ? emit.matmul(h, rHidden) : emit.matmul(emit.mul(r, h), rHidden);
    const biased = bHidden === null ? through : emit.add(through, bHidden);
    const candidate = tanh(emit.add(xHidden, linearBeforeReset ? emit.mul(r, biased) : biased));
    // h' = (1 − z)·n + z·h
    return { h: emit.add(candidate, emit.mul(z, emit.sub(h, candidate))), c: '' };
  };
}
