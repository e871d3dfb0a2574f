/**
 * The gradient of Scan is a second Scan, from the last step to the first. Its body is the backward of the body, its states are
 * the gradients of the states; what the body computed and its backward reads, the first Scan hands over step by step. The gradient
 * of If is an If on the same condition, whose branches compute theirs once more and go back through them.
 * Source: Werbos 1990, Backpropagation through time: what it does and how to do it (Proc. IEEE 78(10)).
 */

import {
  attributes,
  capturedBy,
  type Graph,
  makeGraph,
  makeNode,
  makeValue,
  type Node,
  type Value,
} from '../../onnx/ir';
import type { Emitter } from '../emitter';
import { type Gradient, type GradientContext, positiveAxis } from '../gradient';
import { isRowProduct, nodesFor } from '../written-nodes';

const { int, intOf, ints, intsOf } = attributes;

export const If: Gradient = (context) => {
  const { emit, node } = context;
  const captured = [...capturedBy(node)].filter((name) => context.isTrained(name));
  const sides = attributes.subgraphsOf(node).map(({ attribute, graph: branch }) => {
    const inner = emit.nested();
    const known = new Map<string, string>();
    branch.outputs.forEach(({ name }, at) => {
      if (!context.hasGradient(at)) return;
      const before = known.get(name);
      known.set(name, before === undefined ? context.gradient(at) : inner.add(before, context.gradient(at)));
    });
    const { forward, gradients } = context.differentiate(branch, { known, wrt: captured, emit: inner });
    return { attribute, branch, inner, forward, gradients };
  });
  const reached = captured.filter((name) => sides.some(({ gradients }) => gradients.has(name)));
  const branches = sides.map(({ attribute, branch, inner, forward, gradients }) => {
    // An output of a branch is made by one of its nodes.
    const given = reached.map((name) => inner.op('Identity', [gradients.get(name) ?? inner.zerosLike(name)]));
    const nodes = nodesFor(given, [...forward, ...inner.nodes]);
    const read = new Set(nodes.flatMap((each) => [...each.inputs, ...capturedBy(each)]));
    const backward = makeGraph({
      name: emit.fresh(`${branch.name}:gradient`),
      nodes,
      inputs: [],
      outputs: given.map((name, at) => ({ name, type: typeLike(context, reached[at] as string) })),
      initializers: new Map([...branch.initializers, ...inner.initializers].filter(([name]) => read.has(name))),
    });
    return [attribute, attributes.graph(backward)] as const;
  });
  if (reached.length === 0) return [null];
  const results = emit.ops('If', [context.input(0)], reached.length, Object.fromEntries(branches));
  reached.forEach((name, at) => {
    context.giveGradient(name, results[at] as string);
  });
  return [null];
};

export const Scan: Gradient = (context) => {
  const form = formOf(context.node);
  const inner = context.emit.nested();
  const known = knownGradients(context, form, inner);
  const captured = [...capturedBy(context.node)].filter((name) => context.isTrained(name));
  const wrt = [
    ...form.stateInputs.filter((_, at) => known.has(form.stateOutputs[at] as string)),
    ...form.scannedInputs.filter((_, at) => context.needs(form.stateInputs.length + at)),
    ...captured,
  ];
  const { forward, gradients } = context.differentiate(form.body, { known, wrt, emit: inner });
  const first = new FirstScan(context, form, forward);
  const second = new SecondScan(context, form, inner, first);

  const ofStates = form.stateInputs.map((state, at) => {
    const after = known.get(form.stateOutputs[at] as string);
    if (after === undefined) return null;
    const start = context.hasGradient(at) ? context.gradient(at) : context.emit.zerosLike(context.input(at));
    const type = typeLike(context, context.input(at));
    return second.state({ name: after, type }, gradients.get(state) ?? inner.zerosLike(after), start);
  });
  form.scannedOutputs.forEach((output, at) => {
    const name = known.get(output);
    const place = form.stateInputs.length + at;
    if (name === undefined) return;
    const way = form.outputWays[at] as Way;
    second.read({ name, type: typeLike(context, context.output(place), way.axis) }, context.gradient(place), way);
  });
  const ofScanned = form.scannedInputs.map((input, at) => {
    const gradient = gradients.get(input);
    return gradient === undefined ? null : second.give(gradient, form.inputWays[at] as Way);
  });
  const ofCaptured = captured.flatMap((name) => {
    const gradient = gradients.get(name);
    return gradient === undefined ? [] : [{ name, total: second.total(name, gradient) }];
  });
  const results = second.write();
  first.replace();
  for (const { name, total } of ofCaptured) context.giveGradient(name, total(results));
  return [...ofStates, ...ofScanned].map((at) => (at === null ? null : (results(at) as string)));
};

/** Along which axis the steps of a sequence lie, and whether they are taken from its end: 1. */
interface Way {
  readonly axis: number;
  readonly direction: number;
}

/** Step by step as they were taken. */
const inOrder: Way = { axis: 0, direction: 0 };

interface Form {
  readonly body: Graph;
  readonly stateInputs: readonly string[];
  readonly stateOutputs: readonly string[];
  readonly scannedInputs: readonly string[];
  readonly scannedOutputs: readonly string[];
  readonly inputWays: readonly Way[];
  readonly outputWays: readonly Way[];
}

function formOf(node: Node): Form {
  const body = attributes.subgraphsOf(node)[0]?.graph as Graph;
  const states = node.inputs.length - intOf(node, 'num_scan_inputs', 0);
  const [inputs, outputs] = [body.inputs, body.outputs].map((values) => values.map(({ name }) => name)) as [
    string[],
    string[],
  ];
  const ways = (which: 'input' | 'output', count: number): Way[] =>
    Array.from({ length: count }, (_, at) => ({
      axis: intsOf(node, `scan_${which}_axes`, [])[at] ?? 0,
      direction: intsOf(node, `scan_${which}_directions`, [])[at] ?? 0,
    }));
  return {
    body,
    stateInputs: inputs.slice(0, states),
    stateOutputs: outputs.slice(0, states),
    scannedInputs: inputs.slice(states),
    scannedOutputs: outputs.slice(states),
    inputWays: ways('input', inputs.length - states),
    outputWays: ways('output', outputs.length - states),
  };
}

/** Outputs of the body → names of their gradients: of states what comes from the later steps, of others what the loss gives. */
function knownGradients(context: GradientContext, form: Form, inner: Emitter): Map<string, string> {
  const states = form.stateOutputs.filter((_, at) => context.dtype(context.input(at)).startsWith('float'));
  const scanned = form.scannedOutputs.filter((_, at) => context.hasGradient(form.stateInputs.length + at));
  return new Map([...states, ...scanned].map((name) => [name, inner.fresh(`${name}:gradient`)]));
}

/** The Scan that is there, which gives out more than before. */
class FirstScan {
  readonly #context: GradientContext;
  readonly #form: Form;
  readonly #nodes: Node[];
  readonly #own: ReadonlySet<string>;
  readonly #sequences = new Map<string, string>();
  readonly #added: { readonly inside: string; readonly outside: string }[] = [];

  constructor(context: GradientContext, form: Form, nodes: readonly Node[]) {
    this.#context = context;
    this.#form = form;
    this.#nodes = [...nodes];
    this.#own = new Set([...form.stateInputs, ...form.scannedInputs, ...nodes.flatMap((node) => node.outputs)]);
  }

  /** Whether the body itself makes the value, anew in each step. */
  makes(value: string): boolean {
    return this.#own.has(value);
  }

  /** [steps, …]: a value of the body in the order of the steps. */
  sequence(value: string): string {
    const known = this.#sequences.get(value) ?? this.#givenAnyway(value);
    if (known !== null) return known;
    const { emit } = this.#context;
    const { body, stateInputs, stateOutputs, scannedInputs, scannedOutputs } = this.#form;
    const isPort = [stateInputs, stateOutputs, scannedInputs, scannedOutputs].some((names) => names.includes(value));
    const inside = isPort ? this.#copy(value) : value;
    const outside = emit.fresh(`${body.name}:${value}`);
    this.#added.push({ inside, outside });
    this.#sequences.set(value, outside);
    return outside;
  }

  /** What the Scan reads or gives as it is. */
  #givenAnyway(value: string): string | null {
    const { stateInputs, scannedInputs, scannedOutputs, inputWays, outputWays } = this.#form;
    const isOrdered = (way: Way | undefined) => way !== undefined && way.axis === 0 && way.direction === 0;
    const [read, made] = [scannedInputs.indexOf(value), scannedOutputs.indexOf(value)];
    if (isOrdered(inputWays[read])) return this.#context.input(stateInputs.length + read);
    if (isOrdered(outputWays[made])) return this.#context.output(stateInputs.length + made) || null;
    return null;
  }

  #copy(value: string): string {
    const { emit } = this.#context;
    const [name, output] = [emit.fresh(`${value}:copy`), emit.fresh(`${value}:kept`)];
    this.#nodes.push(makeNode('Identity', name, [value], [output]));
    return output;
  }

  replace(): void {
    const { node } = this.#context;
    const { body, outputWays } = this.#form;
    const outputs = [...body.outputs, ...this.#added.map(({ inside }) => ({ name: inside, type: null }))];
    const ways = [...outputWays, ...this.#added.map(() => inOrder)];
    this.#context.replaceForward({
      ...node,
      outputs: [...node.outputs, ...this.#added.map(({ outside }) => outside)],
      attributes: new Map([
        ...node.attributes,
        ['body', attributes.graph({ ...body, nodes: this.#nodes, outputs })],
        ['scan_output_axes', ints(ways.map(({ axis }) => axis))],
        ['scan_output_directions', ints(ways.map(({ direction }) => direction))],
      ]),
    });
  }
}

/** The value outside that port `at` of the second Scan gives. */
type Results = (at: number) => string;

/** The Scan from the last step to the first, under construction. */
class SecondScan {
  readonly #context: GradientContext;
  readonly #form: Form;
  readonly #inner: Emitter;
  readonly #first: FirstScan;
  readonly #states: { readonly before: Value; readonly after: string; readonly start: string; readonly at: number }[] =
    [];
  readonly #reads: { readonly inside: Value; readonly outside: string; readonly way: Way }[] = [];
  readonly #gives: { readonly inside: string; readonly way: Way; readonly at: number }[] = [];
  #ports = 0;

  constructor(context: GradientContext, form: Form, inner: Emitter, first: FirstScan) {
    this.#context = context;
    this.#form = form;
    this.#inner = inner;
    this.#first = first;
  }

  /** A state: its name, what it becomes, and the value outside that it starts with. Its last value is given at the port. */
  state(before: Value, after: string, start: string): number {
    this.#states.push({ before, after: this.#ownName(after), start, at: this.#ports });
    return this.#ports++;
  }

  /** Reads a sequence that lies as the first Scan takes or gives it. */
  read(inside: Value, outside: string, way: Way): void {
    this.#reads.push({ inside, outside, way: reversed(way) });
  }

  /** Gives a sequence that lies as the first Scan takes it. */
  give(inside: string, way: Way): number {
    this.#gives.push({ inside: this.#ownName(inside), way: reversed(way), at: this.#ports });
    return this.#ports++;
  }

  /**
   * The sum over all steps of the gradient by a captured value. A product of rows of each step is one product of the rows of all
   * steps; others are added up in a state.
   */
  total(value: string, gradient: string): (results: Results) => string {
    const { emit } = this.#context;
    const product = this.#inner.nodes.find((node) => node.outputs[0] === gradient);
    if (product === undefined || !isRowProduct(product)) {
      const before = this.#inner.fresh(`${value}:sum`);
      const type = typeLike(this.#context, value);
      const at = this.state({ name: before, type }, this.#inner.add(before, gradient), emit.zerosLike(value));
      return (results) => results(at);
    }
    const [a, b] = product.inputs.map((input) => this.#rows(input)) as [RowsOf, RowsOf];
    return (results) => emit.op('Gemm', [a(results), b(results)], { transA: int(1) });
  }

  /** [steps · rows, width] of a matrix of each step. */
  #rows(value: string): RowsOf {
    const { emit } = this.#context;
    const flat = (sequence: string) =>
      emit.op('Reshape', [
        sequence,
        emit.op('Concat', [emit.integers([-1]), emit.dimOf(sequence, 2)], { axis: int(0) }),
      ]);
    if (this.#first.makes(value)) {
      const sequence = this.#first.sequence(value);
      return () => emit.shared(`rows:${sequence}`, () => flat(sequence));
    }
    const known = this.#gives.find(({ inside, way }) => inside === value && way.axis === 0 && way.direction === 1);
    const at = known?.at ?? this.give(value, inOrder);
    return (results) => emit.shared(`rows:${results(at)}`, () => flat(results(at)));
  }

  write(): Results {
    const { emit } = this.#context;
    const [inner, { body, inputWays, stateInputs }] = [this.#inner, this.#form];
    const given = [...this.#states.map(({ after }) => after), ...this.#gives.map(({ inside }) => inside)];
    const nodes = nodesFor(given, inner.nodes);
    const readNames = new Set([...given, ...nodes.flatMap((node) => [...node.inputs, ...capturedBy(node)])]);
    for (const name of readNames)
      if (this.#first.makes(name)) this.read({ name, type: null }, this.#first.sequence(name), inOrder);
    // A Scan needs a sequence to know its steps by.
    if (this.#reads.length === 0)
      this.read(
        { name: inner.fresh('step'), type: null },
        this.#context.input(stateInputs.length),
        inputWays[0] as Way,
      );
    const own = [...body.initializers, ...inner.initializers].filter(([name]) => readNames.has(name));
    const graph = makeGraph({
      name: emit.fresh(`${body.name}:gradient`),
      nodes,
      inputs: [...this.#states.map(({ before }) => before), ...this.#reads.map(({ inside }) => inside)],
      outputs: given.map((name) => ({ name, type: null })),
      initializers: new Map(own),
    });
    const outputs = emit.ops(
      'Scan',
      [...this.#states.map(({ start }) => start), ...this.#reads.map(({ outside }) => outside)],
      given.length,
      {
        body: attributes.graph(graph),
        num_scan_inputs: int(this.#reads.length),
        scan_input_axes: ints(this.#reads.map(({ way }) => way.axis)),
        scan_input_directions: ints(this.#reads.map(({ way }) => way.direction)),
        scan_output_axes: ints(this.#gives.map(({ way }) => way.axis)),
        scan_output_directions: ints(this.#gives.map(({ way }) => way.direction)),
      },
    );
    const ports = [...this.#states, ...this.#gives].map(({ at }) => at);
    return (at) => outputs[ports.indexOf(at)] as string;
  }

  /** A name that nothing else gives: an output of a body is made by one of its nodes, and stands for one output alone. */
  #ownName(value: string): string {
    const isMade = this.#inner.nodes.some((node) => node.outputs.includes(value));
    const isGiven = [...this.#states.map(({ after }) => after), ...this.#gives.map(({ inside }) => inside)].includes(
      value,
    );
    return isMade && !isGiven ? value : this.#inner.op('Identity', [value]);
  }
}

type RowsOf = (results: Results) => string;

function reversed({ axis, direction }: Way): Way {
  return { axis, direction: 1 - direction };
}

/**
 * The type of a gradient by a value, or of one step of it along an axis: the runtime must know the rank of all that a body gives,
 * and cannot always follow it to a gradient.
 */
function typeLike(context: GradientContext, value: string, stepAxis?: number): Value['type'] {
  const shape = context.shape(value).map((dim) => (typeof dim === 'number' ? dim : null));
  const dropped = stepAxis === undefined ? null : positiveAxis(stepAxis, shape.length);
  const kept = shape.filter((_, axis) => axis !== dropped);
  return makeValue(value, context.dtype(value), kept).type;
}
