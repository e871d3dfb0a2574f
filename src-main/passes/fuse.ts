/**
 * Operators written out in pieces, as older exporters do, put together again: LayerNormalization, RMSNormalization,
 * Gelu and attention. Where the opset has the operator it is the standard one; else onnxruntime's own, on request,
 * which leaves the standard operator set.
 * Sources: LayerNorm arXiv:1607.06450; RMSNorm arXiv:1910.07467; Gelu arXiv:1606.08415 (erf form); attention
 * arXiv:1706.03762.
 */

import { readTensor } from '../onnx/file';
import { allNodes, attributes, type Model, makeNode, type Node, withBodies } from '../onnx/ir';
import { attention } from './fuse-attention';
import { innerOf, type Match, makerOf, numberAmong, type Pattern, readerOf } from './fuse-pattern';
import { constantOf, definePass, isStandard, type PassResult, Tally } from './pass';
import { type RewriteSite, rewriteNodes } from './rewrite';
import { scopeTypes } from './scope-types';

const { intOf, intsOf } = attributes;

/** Of onnxruntime's operators. */
const ownDomain = 'com.microsoft';

export interface FuseOptions {
  /** Whether operators of onnxruntime may stand in where the opset has none. */
  readonly nonStandard: boolean;
  /** Of the operators that it knows; all where absent. */
  readonly only?: readonly string[] | undefined;
}

export async function fuse(
  model: Model,
  { nonStandard, only }: FuseOptions,
  isTarget: (node: Node) => boolean = () => true,
): Promise<PassResult> {
  const tally = new Tally();
  const made = new Map<string, number>();
  const types = await scopeTypes(model);
  const after = rewriteNodes(
    model,
    tally,
    (node, site) => {
      if (!isStandard(node)) return false;
      for (const pattern of patterns) {
        if (node.opType !== pattern.anchor || only?.includes(pattern.op) === false) continue;
        const match = pattern.match(node, site);
        if (match === null) continue;
        if (typeof match === 'string') return match;
        const form = formOf(pattern, site.opset, nonStandard);
        if (form === null)
          return `${pattern.op} needs opset ${pattern.since}${pattern.own === null ? '' : ", or onnxruntime's own operator"}`;
        const outside = match.inner.find((value) => isReadOutside(value, match, site));
        if (outside !== undefined) return `"${outside}" between its pieces is used elsewhere too`;
        for (const piece of match.pieces) site.patch.removeNode(piece.name);
        for (const value of match.inner) if (site.graph.values.has(value)) site.patch.setValue(value, null);
        const { inputs, attributes: set } = match.make(form.domain === '', site);
        const name = match.pieces.at(-1)?.name as string;
        site.patch.addNode(makeNode(form.opType, name, inputs, [match.output], set, form.domain));
        const op = form.domain === '' ? form.opType : `${form.domain}.${form.opType}`;
        made.set(op, (made.get(op) ?? 0) + 1);
        return true;
      }
      return false;
    },
    { isTarget, types },
  );
  const notes = [...made].map(([op, count]) => `put ${count} ${op} together`);
  if ([...made.keys()].some((op) => op.includes('.')))
    notes.push('the model now uses operators outside the ONNX standard and runs in onnxruntime only');
  return tally.result(after === model ? model : withDomains(after), notes);
}

/** The domains of all operators are imported, by the model and by each function for itself. */
function withDomains(model: Model): Model {
  const imported = (opsets: ReadonlyMap<string, number>, nodes: Iterable<Node>): ReadonlyMap<string, number> => {
    const uses = [...nodes].some(({ domain }) => domain === ownDomain);
    return uses && !opsets.has(ownDomain) ? new Map(opsets).set(ownDomain, 1) : opsets;
  };
  const functions = model.functions.map((fn) => ({ ...fn, opsets: imported(fn.opsets, withBodies(fn.nodes)) }));
  return { ...model, functions, opsets: imported(model.opsets, allNodes(model)) };
}

function formOf(
  { op, since, own }: Pattern,
  opset: number,
  nonStandard: boolean,
): { opType: string; domain: string } | null {
  if (opset >= since) return { opType: op, domain: '' };
  return nonStandard ? own : null;
}

function isReadOutside(value: string, { pieces }: Match, { index }: RewriteSite): boolean {
  return index.isOutput(value) || index.consumers(value).some((reader) => !pieces.includes(reader));
}

const isNear = (value: number | undefined, wanted: number): boolean =>
  value !== undefined && Math.abs(value - wanted) <= 1e-3 * Math.abs(wanted);

/** Mean over the last axis alone, kept. */
function isMeanOfLast(node: Node | undefined, site: RewriteSite): node is Node {
  if (node?.opType !== 'ReduceMean' || intOf(node, 'keepdims', 1) !== 1) return false;
  const tensor = constantOf(site, node.inputs[1] ?? '');
  const axes =
    intsOf(node, 'axes', undefined) ?? (tensor && Array.from(readTensor(tensor).data as BigInt64Array, Number));
  return axes?.length === 1 && axes[0] === -1;
}

/** Pow(x, 2) or Mul(x, x) of the value. */
function squareOf(value: string, site: RewriteSite): Node | undefined {
  const power = readerOf(value, 'Pow', site);
  if (power !== undefined && power.inputs[0] === value && numberAmong(power, site)?.value === 2) return power;
  const product = readerOf(value, 'Mul', site);
  return product?.inputs.every((input) => input === value) === true ? product : undefined;
}

/** Div(x, √(mean(square) + ε)); gives its pieces from the square to the quotient. */
function normalisedBy(
  sqrt: Node,
  site: RewriteSite,
): { x: string; epsilon: number; pieces: Node[]; output: string } | null {
  const add = makerOf(sqrt.inputs[0], 'Add', site);
  const epsilon = add && numberAmong(add, site);
  const mean = epsilon && site.index.producer(epsilon.other);
  if (add === undefined || epsilon === undefined || !isMeanOfLast(mean, site)) return null;
  const square = site.index.producer(mean.inputs[0] ?? '');
  const x = square?.inputs[0];
  if (square === undefined || x === undefined || squareOf(x, site) !== square) return null;
  const quotient = readerOf(sqrt.outputs[0], 'Div', site);
  if (quotient !== undefined && quotient.inputs[0] === x && quotient.inputs[1] === sqrt.outputs[0])
    return {
      x,
      epsilon: epsilon.value,
      pieces: [square, mean, add, sqrt, quotient],
      output: quotient.outputs[0] as string,
    };
  const inverse = inverseOf(sqrt.outputs[0] as string, site);
  const product = readerOf(inverse?.outputs[0], 'Mul', site);
  if (inverse === undefined || product === undefined || !product.inputs.includes(x)) return null;
  return {
    x,
    epsilon: epsilon.value,
    pieces: [square, mean, add, sqrt, inverse, product],
    output: product.outputs[0] as string,
  };
}

/** Reciprocal of a value, or 1 divided by it. */
function inverseOf(value: string, site: RewriteSite): Node | undefined {
  const reciprocal = readerOf(value, 'Reciprocal', site);
  if (reciprocal !== undefined) return reciprocal;
  const division = readerOf(value, 'Div', site);
  return division?.inputs[1] === value && numberAmong(division, site)?.value === 1 ? division : undefined;
}

/** A reader that applies a constant vector along the last axis. */
function vectorStep(value: string, opType: string, site: RewriteSite): { node: Node; vector: string } | undefined {
  const node = readerOf(value, opType, site);
  const vector = node?.inputs.find((name) => name !== value);
  const tensor = vector === undefined ? undefined : constantOf(site, vector);
  return node !== undefined && vector !== undefined && tensor?.shape.length === 1 ? { node, vector } : undefined;
}

/** d = x − mean(x); y = d / √(mean(d²) + ε) · γ + β */
function matchLayerNorm(sqrt: Node, site: RewriteSite): Match | null {
  const normalised = normalisedBy(sqrt, site);
  const centred = normalised && makerOf(normalised.x, 'Sub', site);
  const mean = centred && site.index.producer(centred.inputs[1] ?? '');
  if (!normalised || !centred || !isMeanOfLast(mean ?? undefined, site)) return null;
  const [x] = centred.inputs as [string];
  if (mean?.inputs[0] !== x) return null;
  const scale = vectorStep(normalised.output, 'Mul', site);
  const shift = scale && vectorStep(scale.node.outputs[0] as string, 'Add', site);
  if (scale === undefined || shift === undefined) return null;
  const pieces = [mean, centred, ...normalised.pieces, scale.node, shift.node];
  return {
    pieces,
    output: shift.node.outputs[0] as string,
    inner: innerOf(pieces),
    make: () => ({
      inputs: [x, scale.vector, shift.vector],
      attributes: { axis: attributes.int(-1), epsilon: attributes.float(normalised.epsilon) },
    }),
  };
}

/** y = x / √(mean(x²) + ε) · γ */
function matchRmsNorm(sqrt: Node, site: RewriteSite): Match | null {
  const normalised = normalisedBy(sqrt, site);
  if (normalised === null || makerOf(normalised.x, 'Sub', site) !== undefined) return null;
  const scale = vectorStep(normalised.output, 'Mul', site);
  if (scale === undefined) return null;
  const pieces = [...normalised.pieces, scale.node];
  return {
    pieces,
    output: scale.node.outputs[0] as string,
    inner: innerOf(pieces),
    make: () => ({
      inputs: [normalised.x, scale.vector],
      attributes: { axis: attributes.int(-1), epsilon: attributes.float(normalised.epsilon) },
    }),
  };
}

/** x·½·(1 + erf(x/√2)), its three factors in any order. */
function matchGelu(erf: Node, site: RewriteSite): Match | null {
  const divided = site.index.producer(erf.inputs[0] ?? '');
  const argument = divided && numberAmong(divided, site);
  if (divided === undefined || argument === undefined) return null;
  const isScaled =
    (divided.opType === 'Div' && divided.inputs[0] === argument.other && isNear(argument.value, Math.SQRT2)) ||
    (divided.opType === 'Mul' && isNear(argument.value, Math.SQRT1_2));
  const add = readerOf(erf.outputs[0], 'Add', site);
  if (!isScaled || add === undefined || numberAmong(add, site)?.value !== 1) return null;
  const x = argument.other;
  const start = [divided, erf, add];
  const found = productOfHalf(add.outputs[0] as string, x, site);
  if (found === null) return null;
  const pieces = [...start, ...found];
  return {
    pieces,
    output: pieces.at(-1)?.outputs[0] as string,
    inner: innerOf(pieces),
    make: () => ({ inputs: [x], attributes: {} }),
  };
}

/** The Muls that make value·x·½, the last one last. */
function productOfHalf(value: string, x: string, site: RewriteSite): Node[] | null {
  const first = readerOf(value, 'Mul', site);
  if (first === undefined) return null;
  const other = first.inputs.find((name) => name !== value) as string;
  const second = readerOf(first.outputs[0], 'Mul', site);
  if (other === x && second !== undefined && numberAmong(second, site)?.value === 0.5) return [first, second];
  if (numberAmong(first, site)?.value === 0.5 && second?.inputs.includes(x) === true) return [first, second];
  const half = makerOf(other, 'Mul', site);
  const number = half && numberAmong(half, site);
  return half !== undefined && number?.value === 0.5 && number.other === x ? [half, first] : null;
}

const patterns: readonly Pattern[] = [
  { op: 'LayerNormalization', since: 17, own: null, anchor: 'Sqrt', match: matchLayerNorm },
  {
    op: 'RMSNormalization',
    since: 23,
    own: null,
    anchor: 'Sqrt',
    match: matchRmsNorm,
  },
  { op: 'Gelu', since: 20, own: { opType: 'Gelu', domain: ownDomain }, anchor: 'Erf', match: matchGelu },
  attention,
];

export const fusePass = definePass({
  name: 'fuse',
  title: 'Put operators together',
  help: 'Makes LayerNormalization, RMSNormalization, Gelu and attention of their pieces. Where the opset has none it can use the operators of onnxruntime, and the model then runs there only.',
  source: 'arXiv:1607.06450, arXiv:1910.07467, arXiv:1606.08415, arXiv:1706.03762',
  options: {
    nonStandard: {
      kind: 'boolean',
      title: 'Operators of onnxruntime',
      help: 'Use com.microsoft operators where the opset has no standard one; the model leaves the standard operator set.',
      default: false,
    },
  },
  // Fused kernels sum and round in another order.
  tolerance: 1e-4,
  run: (model, { options, isTarget }) => fuse(model, options, isTarget),
});
