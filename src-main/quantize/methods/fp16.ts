/**
 * fp16: every float32 value becomes float16, in bodies as well; the model's inputs and outputs stay float32 behind
 * Casts. What float16 cannot hold, and operators without a half-precision form, stay float32.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { LatheError, portion, targetFilter } from '../../contract';
import { float32ToFloat16 } from '../../kernels';
import {
  attributes,
  capturedBy,
  dtypeCode,
  elementCount,
  type Graph,
  indexGraph,
  type Model,
  makeNode,
  type Node,
  Patch,
  renameReads,
  type Tensor,
  type TypeInfo,
  type Value,
} from '../../onnx/ir';
import { valueTypes } from '../../onnx/session';
import { editBodies } from '../bodies';
import { withBodyMagnitudes } from '../body-magnitudes';
import { calibrate } from '../calibrate';
import { calibrationData } from '../calibration-data';
import { float32Values } from '../float-values';
import { float32OnlyOf, typeAttributes } from '../half-types';
import { type QuantizeContext, quantizeMethod, Tally } from '../method';
import { withoutUnused } from '../unused';
import { floats, partsOf } from '../weights';

const options = {
  keepOps: {
    kind: 'list',
    title: 'Operators kept in float32',
    help: 'ONNX operator types that stay float32, such as Softmax or LayerNormalization.',
    default: [],
  },
  rangeSamples: {
    kind: 'integer',
    title: 'Samples for the range check',
    help: 'With a dataset: how many calibration samples are run to find values that float16 cannot hold; 0 skips the check.',
    default: 16,
    min: 0,
    max: 100_000,
    unit: 'samples',
    advanced: true,
  },
} as const satisfies OptionSpecs;

const notTarget = 'not among the targets';
const beyondRange = 'a value beyond the range of float16';

/** The largest finite float16. */
const largestHalf = 65_504;

export const fp16 = quantizeMethod({
  name: 'fp16',
  title: 'Half precision',
  help: 'Half of the size at nearly no loss. Saves size, not time: on a CPU onnxruntime computes in float32 all the same.',
  source: 'IEEE 754-2019 binary16; Micikevicius et al. 2017, arXiv:1710.03740',
  data: 'optional',
  options,
  run: toHalf,
});

async function toHalf(
  model: Model,
  chosen: OptionValues<typeof options>,
  targets: Targets,
  context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  refuseUnfit(model);
  const tally = new Tally();
  const types = await valueTypes(model);
  const { values: overflowing, bodies } = await overflows(model, types, chosen.rangeSamples, context);
  if (overflowing.size > 0)
    tally.note(`Stay float32 around values beyond ±${largestHalf}: ${listed(placesOf(model, overflowing))}.`);
  if (bodies.size > 0)
    tally.note(`Stay float32 for values inside them beyond ±${largestHalf}: ${listed(bodiesOf(model, bodies))}.`);
  const admits = targetFilter(targets);
  const keepOps = new Set(chosen.keepOps);
  const mainNodes = new Set(model.graph.nodes);
  const keeps = (node: Node): string | null => {
    if (!admits(node)) return notTarget;
    if (keepOps.has(node.opType)) return 'its operator is kept in float32';
    const beyond = [...node.inputs, ...node.outputs, ...capturedBy(node)].some((value) => overflowing.has(value));
    return beyond || (bodies.has(node.name) && mainNodes.has(node)) ? beyondRange : null;
  };
  const conversion = new HalfConversion(model, types, keeps, tally);
  const graph = conversion.mainGraph();
  context.signal.throwIfAborted();
  tally.note('Saves size, not time: on a CPU onnxruntime computes float16 in float32.');
  return tally.outcome({ ...model, graph }, 'fp16');
}

function refuseUnfit(model: Model): void {
  const refuse = (what: string, next: string): never => {
    throw new LatheError({ who: 'quantize fp16', what, next });
  };
  if (model.functions.length > 0)
    refuse(
      'the model has functions of its own, whose types are not known',
      'run a clean step first: it writes them out',
    );
  for (const { name, type } of [...model.graph.inputs, ...model.graph.outputs])
    if (type !== null && type.kind !== 'tensor')
      refuse(`"${name}" is a ${type.kind}, not a tensor`, 'only models of tensors can be converted');
}

/** How large what leaves the range of float16 was on calibration samples. */
interface Overflows {
  /** By value. */
  readonly values: ReadonlyMap<string, number>;
  /** What bodies make, by the name of the node of the main graph that holds them. */
  readonly bodies: ReadonlyMap<string, number>;
}

/** None where there is no data. */
async function overflows(
  model: Model,
  types: ReadonlyMap<string, TypeInfo>,
  samples: number,
  context: QuantizeContext,
): Promise<Overflows> {
  if (samples === 0 || !context.dataset?.calibration) return { values: new Map(), bodies: new Map() };
  const values = [...types].filter(([, type]) => type.kind === 'tensor' && type.dtype === 'float32');
  const inside = withBodyMagnitudes(model.graph, float32Values(model.graph, types));
  const request = {
    model: { ...model, graph: inside.graph },
    values: [...values.map(([name]) => name), ...inside.values.values()],
    data: calibrationData(context, 'fp16', samples),
    histograms: false,
    tolerant: true,
  };
  const { statistics } = await calibrate(request, portion(context, 0.05, 0.6, 'Checking ranges'));
  const beyond = (names: Iterable<readonly [string, string]>) =>
    new Map(
      [...names].flatMap(([name, value]) => {
        const { min, max } = statistics.get(value) ?? { min: 0, max: 0 };
        const magnitude = Math.max(-min, max);
        return magnitude > largestHalf ? [[name, magnitude] as const] : [];
      }),
    );
  return { values: beyond(values.map(([name]) => [name, name])), bodies: beyond(inside.values) };
}

/** Values with their makers and how large they were. */
function placesOf({ graph }: Model, overflowing: ReadonlyMap<string, number>): string[] {
  const index = indexGraph(graph);
  return [...overflowing].map(([value, magnitude]) => {
    const node = index.producer(value);
    return `${value} (${node === undefined ? 'input' : `${node.opType} "${node.name}"`}, up to ${magnitude.toPrecision(3)})`;
  });
}

function bodiesOf({ graph }: Model, bodies: ReadonlyMap<string, number>): string[] {
  const index = indexGraph(graph);
  return [...bodies].map(([name, most]) => `${index.node(name)?.opType} "${name}" (up to ${most.toPrecision(3)})`);
}

/** The first five. */
function listed(names: readonly string[]): string {
  const first = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${first} and ${names.length - 5} more` : first;
}

const half = { to: attributes.int(dtypeCode('float16')) };
const single = { to: attributes.int(dtypeCode('float32')) };

class HalfConversion {
  readonly #model: Model;
  readonly #types: ReadonlyMap<string, TypeInfo>;
  readonly #keeps: (node: Node) => string | null;
  readonly #tally: Tally;
  readonly #opset: number;
  readonly #clamped = new Set<string>();

  constructor(model: Model, types: ReadonlyMap<string, TypeInfo>, keeps: (node: Node) => string | null, tally: Tally) {
    this.#model = model;
    this.#types = types;
    this.#keeps = keeps;
    this.#tally = tally;
    this.#opset = model.opsets.get('') ?? 1;
  }

  mainGraph(): Graph {
    const { graph } = this.#model;
    const converted = this.#graph(graph, float32Values(graph, this.#types), this.#types);
    if (this.#clamped.size > 0) {
      const names = [...this.#clamped].slice(0, 5).join(', ');
      this.#tally.note(`Constants beyond ±${largestHalf} now hold ±${largestHalf}: ${names}.`);
    }
    return withoutUnused(withFloatEdges(converted, graph));
  }

  /** A graph whose every float32 value is float16; inputs and outputs too, as in a body. */
  #graph(graph: Graph, floatValues: ReadonlySet<string>, types: ReadonlyMap<string, TypeInfo>): Graph {
    const patch = new Patch(graph);
    const asSingle = new Map<string, string>();
    /** The float32 form of a value: of a constant its own tensor, of anything else a Cast. */
    const singleOf = (value: string): string => {
      if (!floatValues.has(value)) return value;
      const known = asSingle.get(value);
      if (known !== undefined) return known;
      const name = patch.freshName(`${value}_float32`);
      const held = graph.initializers.get(value);
      if (held !== undefined) patch.setInitializer({ ...held, name });
      else patch.addNode(makeNode('Cast', patch.freshName(`${name}_Cast`), [value], [name], single));
      asSingle.set(value, name);
      return name;
    };
    for (const node of graph.nodes) {
      const reason = this.#countedReason(node, floatValues);
      const only = float32OnlyOf(node, this.#opset);
      if (reason !== null || only === 'all') this.#keepSingle(patch, node, reason, floatValues, asSingle, singleOf);
      else {
        const inputs = node.inputs.map((input, at) => (only.includes(at) ? singleOf(input) : input));
        patch.replaceNode(node.name, this.#halfNode({ ...node, inputs }, floatValues));
      }
    }
    for (const tensor of graph.initializers.values())
      if (tensor.dtype === 'float32') patch.setInitializer(this.#halfTensor(tensor));
    const inputs = graph.inputs.map(halfValue);
    const outputs = graph.outputs.map((output) => (floatValues.has(output.name) ? halfValue(output) : output));
    patch.setInputs(inputs).setOutputs(outputs);
    for (const [name, value] of graph.values) patch.setValue(name, types.has(name) ? null : halfValue(value));
    return patch.apply();
  }

  /** Why a node stays float32; counts it where it reads or makes floats at all. */
  #countedReason(node: Node, floatValues: ReadonlySet<string>): string | null {
    if (![...node.inputs, ...node.outputs].some((value) => floatValues.has(value))) return null;
    const own = float32OnlyOf(node, this.#opset) === 'all' ? 'it has no half-precision form' : null;
    const reason = own ?? this.#keeps(node);
    this.#tally.eligible++;
    if (reason === null) this.#tally.changed++;
    else this.#tally.skip(node, reason);
    return reason;
  }

  /**
   * The node as it was, its float operands cast to float32 and its float results back; so too with what its bodies read.
   * Where it is only no target, the nodes in its bodies are asked one by one.
   */
  #keepSingle(
    patch: Patch,
    node: Node,
    reason: string | null,
    floatValues: ReadonlySet<string>,
    asSingle: Map<string, string>,
    singleOf: (value: string) => string,
  ): void {
    const hasBodies = [...node.attributes.values()].some(({ type }) => type === 'graph');
    if (node.opType === 'Constant' || (hasBodies && reason === notTarget)) {
      patch.replaceNode(node.name, this.#halfNode(node, floatValues));
      return;
    }
    const outputs = node.outputs.map((output) => {
      if (!floatValues.has(output)) return output;
      const before = patch.freshName(`${output}_float32`);
      patch.addNode(makeNode('Cast', patch.freshName(`${before}_Cast`), [before], [output], half));
      asSingle.set(output, before);
      return before;
    });
    const captured = [...capturedBy(node)].filter((value) => floatValues.has(value));
    const reading = renameReads(node, new Map(captured.map((value) => [value, singleOf(value)])));
    patch.replaceNode(node.name, { ...reading, inputs: node.inputs.map(singleOf), outputs });
  }

  /** The node with everything in it that says float32 saying float16. */
  #halfNode(node: Node, outer: ReadonlySet<string>): Node {
    const inner = editBodies(node, (body) => this.#graph(body, float32Values(body, new Map(), outer), new Map()));
    const changed = new Map(inner.attributes);
    for (const [name, attribute] of changed) {
      if (attribute.type === 'tensor' && attribute.value.dtype === 'float32')
        changed.set(name, attributes.tensor(this.#halfTensor(attribute.value)));
      if (attribute.type === 'int' && name === typeAttributes[node.opType] && attribute.value === 1n)
        changed.set(name, attributes.int(dtypeCode('float16')));
    }
    if (node.opType === 'Constant') this.#halfConstant(node, changed);
    // Those whose result is float32 where nothing is said.
    if (node.opType === 'ConstantOfShape' && !changed.has('value'))
      changed.set('value', attributes.tensor(zeroHalf(`${node.name}_value`)));
    if (['RandomNormal', 'RandomUniform'].includes(node.opType) && !changed.has('dtype')) changed.set('dtype', half.to);
    if (/^(Hann|Hamming|Blackman)Window$/.test(node.opType) && !changed.has('output_datatype'))
      changed.set('output_datatype', half.to);
    return { ...inner, attributes: changed };
  }

  #halfConstant(
    node: Node,
    changed: Map<string, Node['attributes'] extends ReadonlyMap<string, infer A> ? A : never>,
  ): void {
    const one = changed.get('value_float');
    const many = changed.get('value_floats');
    const values = one?.type === 'float' ? [one.value] : many?.type === 'floats' ? many.value : undefined;
    if (values === undefined) return;
    changed.delete('value_float');
    changed.delete('value_floats');
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    const shape = one === undefined ? [values.length] : [];
    const tensor: Tensor = { name: `${node.name}_value`, dtype: 'float32', shape, data: { kind: 'inline', bytes } };
    changed.set('value', attributes.tensor(this.#halfTensor(tensor)));
  }

  /** float16 codes, made when they are read; what lies beyond the range holds its last number. */
  #halfTensor(tensor: Tensor): Tensor {
    const length = elementCount(tensor.shape) * 2;
    for (const { part } of partsOf(tensor)) if (hasOverflow(part)) this.#clamped.add(tensor.name);
    const read = (start: number, end: number): Uint8Array => {
      const first = Math.floor(start / 2);
      const part = clampToHalf(floats(tensor, first, Math.ceil(end / 2)));
      const codes = new Uint16Array(part.length);
      float32ToFloat16(part, codes);
      return new Uint8Array(codes.buffer).subarray(start - first * 2, end - first * 2);
    };
    const data: Tensor['data'] =
      length <= 1 << 20 ? { kind: 'inline', bytes: read(0, length) } : { kind: 'derived', length, read };
    return { ...tensor, dtype: 'float16', data };
  }
}

function zeroHalf(name: string): Tensor {
  return { name, dtype: 'float16', shape: [1], data: { kind: 'inline', bytes: new Uint8Array(2) } };
}

function hasOverflow(part: Float32Array): boolean {
  return part.some((value) => Math.abs(value) > largestHalf && Number.isFinite(value));
}

function clampToHalf(part: Float32Array): Float32Array {
  if (!hasOverflow(part)) return part;
  return part.map((value) => (Number.isFinite(value) ? Math.min(largestHalf, Math.max(-largestHalf, value)) : value));
}

function halfValue(value: Value): Value {
  const { type } = value;
  return type?.kind === 'tensor' && type.dtype === 'float32'
    ? { ...value, type: { ...type, dtype: 'float16' } }
    : value;
}

/** The graph with the inputs and outputs of the one it was made from: Casts stand between. */
function withFloatEdges(converted: Graph, original: Graph): Graph {
  const patch = new Patch(converted);
  const index = indexGraph(converted);
  const inside = new Map<string, string>();
  original.inputs.forEach(({ name, type }, at) => {
    if (type === converted.inputs[at]?.type || converted.initializers.has(name)) return;
    inside.set(name, patch.freshName(`${name}_float16`));
    patch.addNode(makeNode('Cast', patch.freshName(`${name}_to_float16`), [name], [inside.get(name) as string], half));
  });
  original.outputs.forEach(({ name, type }, at) => {
    if (type === converted.outputs[at]?.type || index.producer(name) === undefined) return;
    inside.set(name, patch.freshName(`${name}_float16`));
    patch.addNode(
      makeNode('Cast', patch.freshName(`${name}_to_float32`), [inside.get(name) as string], [name], single),
    );
  });
  for (const node of converted.nodes) {
    const reads = renameReads(node, inside);
    const outputs = reads.outputs.map((output) => inside.get(output) ?? output);
    if (reads !== node || outputs.some((output, at) => output !== node.outputs[at]))
      patch.replaceNode(node.name, { ...reads, outputs });
  }
  patch.setInputs(original.inputs).setOutputs(original.outputs);
  return patch.apply();
}
