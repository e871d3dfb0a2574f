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

const { int, intOf, stringOf, stringsOf } = attributes;
export const recurrent = ['LSTM', 'GRU', 'RNN'] as const;
type Recurrent = (typeof recurrent)[number];

/** Those without a parameter, which are operators of the same name. */
const plainActivations = ['Relu', 'Tanh', 'Sigmoid', 'Softsign', 'Softplus'];

/** Blocks of gates that lie stacked in W, R and B. */
const gateCount: Readonly<Record<Recurrent, number>> = { LSTM: 4, GRU: 3, RNN: 1 };

/**
 * @param isWanted which nodes; the others stay as they are
 * @throws LatheError where a node uses a form that is not covered, or the sequence's length is not known
 */
export async function unrollRecurrent(model: Model, isWanted: (node: Node) => boolean = () => true): Promise<Model> {
  const nodes = model.graph.nodes.filter(
    (node) => node.domain === '' && (recurrent as readonly string[]).includes(node.opType) && isWanted(node),
  );
  if (nodes.length === 0) return model;
  const types = await valueTypes(model);
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const node of nodes) {
    const shape = types.get(node.inputs[0] as string);
    const length = shape?.kind === 'tensor' ? shape.shape?.[0] : undefined;
    if (typeof length !== 'number')
      throw unsupported(
        node,
        'the length of its sequence is not known',
        'give the open dimensions of its inputs a size (in a shell: --dim)',
      );
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
  if (node.attributes.has('clip')) throw unsupported(node, 'clipped cells');
}

/** f of gates, g of candidates, h of the cell's output; those of this direction. */
function activationsOf(emit: Emitter, node: Node, kind: Recurrent, at: number): ((value: string) => string)[] {
  const usual = { LSTM: ['Sigmoid', 'Tanh', 'Tanh'], GRU: ['Sigmoid', 'Tanh'], RNN: ['Tanh'] }[kind];
  const given = stringsOf(node, 'activations', []);
  const names = given.length === 0 ? usual : given.slice(at * usual.length, (at + 1) * usual.length);
  return names.map((name) => {
    if (!plainActivations.includes(name)) throw unsupported(node, `the activation ${name}`);
    return (value) => emit.op(name, [value]);
  });
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
  const peepholes = node.inputs[7] ?? '';
  const cell = makeCell(emit, {
    kind,
    rT,
    hidden,
    recurrentBias: resetAfter ? ((halves?.[1] as string) ?? null) : null,
    linearBeforeReset: intOf(node, 'linear_before_reset', 0) === 1,
    inputForget: intOf(node, 'input_forget', 0) === 1,
    peepholes: peepholes === '' ? null : pick(peepholes),
    activations: activationsOf(emit, node, kind, at),
  });
  const lengths = node.inputs[4] ?? '';
  const start = (input: number) => startState(emit, node.inputs[input] ?? '', x, hidden, at, directions);
  let [h, c] = [start(5), kind === 'LSTM' ? start(6) : ''];
  const order = Array.from({ length }, (_, step) => (backwards ? length - 1 - step : step));
  const all = Array<string>(length);
  for (const step of order) {
    const next = cell(steps[step] as string, h, c);
    const live = lengths === '' ? null : liveRows(emit, lengths, step);
    const follow = (before: string, after: string) =>
      live === null || before === '' ? after : emit.add(before, emit.mul(live, emit.sub(after, before)));
    [h, c] = [follow(h, next.h), follow(c, next.c)];
    all[step] = emit.unsqueeze(live === null ? next.h : emit.mul(live, next.h), [0, 1]);
  }
  return {
    all: emit.op('Concat', all, { axis: int(0) }),
    h: emit.unsqueeze(h, [0]),
    c: c === '' ? '' : emit.unsqueeze(c, [0]),
  };
}

/** [N, 1]: 1 for sequences that reach the step, 0 for those that are over. */
function liveRows(emit: Emitter, lengths: string, step: number): string {
  const wide = emit.shared(`lengths:${lengths}`, () => emit.unsqueeze(emit.cast(lengths, 'int64'), [1]));
  return emit.shared(`live:${lengths}:${step}`, () =>
    emit.cast(emit.op('Greater', [wide, emit.integers([step], [])]), 'float32'),
  );
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

interface CellForm {
  readonly kind: Recurrent;
  /** [H, gates·H]. */
  readonly rT: string;
  readonly hidden: number;
  readonly recurrentBias: string | null;
  readonly linearBeforeReset: boolean;
  readonly inputForget: boolean;
  /** [3H], for i, o, f. */
  readonly peepholes: string | null;
  readonly activations: readonly ((value: string) => string)[];
}

/** One step; x is the input's share [N, gates·H], h and c are [N, H]. Gates lie in ONNX's order: iofc, zrh. */
function makeCell(emit: Emitter, form: CellForm): Cell {
  const { kind, rT, hidden, recurrentBias, linearBeforeReset } = form;
  type Activation = CellForm['activations'][number];
  const [ofGates, ofCandidates] = form.activations as [Activation, Activation];
  const parts = (value: string, sizes: readonly number[], axis = -1) =>
    emit.ops('Split', [value, emit.integers(sizes)], sizes.length, { axis: int(axis) });
  if (kind === 'RNN') return (x, h) => ({ h: ofGates(emit.add(x, emit.matmul(h, rT))), c: '' });
  if (kind === 'LSTM') {
    const through = form.activations[2] as Activation;
    const seen = form.peepholes === null ? null : parts(form.peepholes, [hidden, hidden, hidden], 0);
    return (x, h, c) => {
      const [gated, g] = parts(emit.add(x, emit.matmul(h, rT)), [3 * hidden, hidden]) as [string, string];
      const gate = (values: readonly string[], at: number, cell: string) =>
        seen === null
          ? (values[at] as string)
          : ofGates(emit.add(values[at] as string, emit.mul(seen[at] as string, cell)));
      const sizes = [hidden, hidden, hidden];
      const values = parts(seen === null ? ofGates(gated) : gated, sizes);
      const i = gate(values, 0, c);
      const f = form.inputForget ? emit.sub(emit.scalar(1), i) : gate(values, 2, c);
      const next = emit.add(emit.mul(f, c), emit.mul(i, ofCandidates(g)));
      return { h: emit.mul(gate(values, 1, next), through(next)), c: next };
    };
  }
  const [rGates, rHidden] = parts(rT, [2 * hidden, hidden]) as [string, string];
  const [bGates, bHidden] =
    recurrentBias === null ? [null, null] : (parts(recurrentBias, [2 * hidden, hidden], 0) as [string, string]);
  return (x, h) => {
    const [xGates, xHidden] = parts(x, [2 * hidden, hidden]) as [string, string];
    const share = emit.add(xGates, emit.matmul(h, rGates));
    const [z, r] = parts(ofGates(bGates === null ? share : emit.add(share, bGates)), [hidden, hidden]) as [
      string,
      string,
    ];
    const through = linearBeforeReset ? emit.matmul(h, rHidden) : emit.matmul(emit.mul(r, h), rHidden);
    const biased = bHidden === null ? through : emit.add(through, bHidden);
    const candidate = ofCandidates(emit.add(xHidden, linearBeforeReset ? emit.mul(r, biased) : biased));
    // h' = (1 − z)·n + z·h
    return { h: emit.add(candidate, emit.mul(z, emit.sub(h, candidate))), c: '' };
  };
}
