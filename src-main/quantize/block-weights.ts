/**
 * Weight-only quantization: products with constant matrices and tables that Gather reads keep their weights in few bits.
 * Each weight is quantized when its bytes are asked for, one at a time; what needs calibration samples is made first and
 * kept in files of the job.
 */

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { LatheError, portion, type StepOutcome, type Targets, targetFilter } from '../contract';
import type { GridSearch } from '../kernels';
import { type Graph, type Model, type Node, Patch } from '../onnx/ir';
import { raiseOpset } from '../passes';
import { type AwqSite, awqSites, bestScales, withScales } from './awq';
import {
  type BlockCodes,
  type BlockFormat,
  gptqBlocks,
  gptqFactor,
  type Rounding,
  roundBlocks,
  spilledCodes,
  valuesOf,
} from './block-codes';
import { type BlockLayer, blockLayer, dividingBlock, panelOf, roundLayer, weightKey } from './block-layers';
import { type BlockForm, BlockNodes } from './block-nodes';
import { editGraphs, type Scope, scopeOf } from './bodies';
import { calibrationData } from './calibration-data';
import { type QuantizeContext, Tally } from './method';
import { type MixBudget, type MixedLayer, mixBits } from './mix-bits';
import { overHessians } from './over-hessians';
import { prepare } from './prepare';
import { floatOutputs } from './sensitivity';
import { withoutUnused } from './unused';

export type BlockAlgorithm = GridSearch | 'gptq' | 'awq';

export interface BlockRequest {
  readonly method: string;
  readonly levelBits: 2 | 3 | 4 | 8;
  readonly block: number;
  /** `auto`: any number where the weights lie on such a grid already, else whole ones. */
  readonly zeroPoints: BlockFormat['zeroPoints'] | 'auto';
  /** `auto`: GPTQ where there are calibration samples, else k-quant. */
  readonly algorithm: BlockAlgorithm | 'auto';
  /** GPTQ: inputs with the largest activations first, on grids taken before. */
  readonly actOrder: boolean;
  /** GPTQ: the inputs of a layer come from the layers before as they are rounded. */
  readonly sequential: boolean;
  readonly form: BlockForm;
  /** Activations as int8 inside the kernel, which is what makes it fast on a CPU. */
  readonly integerActivations: boolean;
  readonly embeddings: boolean;
  /** Of tables, and of products that share their weight. */
  readonly tableBits: 2 | 3 | 4 | 8;
  /** Calibration samples, where they are needed. */
  readonly samples: number;
  /** Gives 8 bits to the weights that cost the outputs most, as far as the budget asks or lets. */
  readonly mix: MixBudget | null;
}

export async function quantizeBlockWise(
  given: Model,
  request: BlockRequest,
  targets: Targets,
  context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  checkBlock(request);
  const tally = new Tally();
  const prepared = await inForm(await prepare(given, tally), request, tally);
  const plan = new BlockPlan(request, targetFilter(targets), algorithmFor(request, context));
  const part = request.mix === null ? context : { ...context, ...portion(context, 0, 0.4) };
  const model = plan.algorithm === 'awq' ? await awq(prepared, plan, tally, part) : prepared;
  const made = plan.algorithm === 'gptq' ? await gptqAll(model, plan, tally, part) : new Map();
  if (request.mix !== null) await mix(model, plan, request.mix, made, tally, context);
  const graph = editGraphs(model.graph, (scope) => blockEdit(scope, plan, tally, made));
  const isOwn = request.form === 'matmul-nbits';
  const opsets = isOwn ? new Map(model.opsets).set('com.microsoft', 1) : model.opsets;
  for (const note of plan.notes) tally.note(note);
  if (isOwn) tally.note('Runs in onnxruntime alone: MatMulNBits is an operator of its own.');
  return tally.outcome({ ...model, opsets, graph }, request.method);
}

function algorithmFor({ algorithm }: BlockRequest, { dataset }: QuantizeContext): BlockAlgorithm {
  if (algorithm !== 'auto') return algorithm;
  const isReal = dataset !== undefined && dataset.summary.reader !== 'random' && dataset.calibration !== null;
  return isReal ? 'gptq' : 'k-quant';
}

function checkBlock({ method, block }: BlockRequest): void {
  if (Number.isInteger(Math.log2(block))) return;
  throw new LatheError({
    who: `quantize ${method}`,
    what: `option "block" expects 16, 32, 64, 128 or 256, got ${block}`,
    code: 'usage',
  });
}

/** The model at the opset that block-wise DequantizeLinear asks for, where that is the form. */
async function inForm(model: Model, { form, levelBits, tableBits }: BlockRequest, tally: Tally): Promise<Model> {
  const needed = form === 'matmul-nbits' ? 0 : levelBits === 2 || tableBits === 2 ? 25 : 21;
  if ((model.opsets.get('') ?? 1) >= needed) return model;
  const raised = await raiseOpset(model, needed);
  for (const note of raised.notes) tally.note(`Before: ${note}.`);
  return raised.model;
}

interface PlannedLayer {
  readonly layer: BlockLayer;
  readonly format: BlockFormat;
  readonly isShared: boolean;
}

/** Which nodes change, and into what format their weights go. */
class BlockPlan {
  readonly request: BlockRequest;
  readonly algorithm: BlockAlgorithm;
  readonly #admits: (node: Node) => boolean;
  readonly #onGrid = new Set<string>();
  /** Keys of weights that take 8 bits. */
  raised: ReadonlySet<string> = new Set();

  constructor(request: BlockRequest, admits: (node: Node) => boolean, algorithm: BlockAlgorithm) {
    this.request = request;
    this.algorithm = algorithm;
    this.#admits = admits;
  }

  get notes(): string[] {
    const { levelBits } = this.request;
    const notes: string[] = [];
    if (levelBits === 3) notes.push('Values of 3 bits are kept in 4: smaller only when the file is compressed.');
    if (this.#onGrid.size > 0)
      notes.push(
        `${this.#onGrid.size === 1 ? '1 weight lies' : `${this.#onGrid.size} weights lie`} on a grid of ${2 ** levelBits} levels already and lose nothing: the zero points are kept as they are.`,
      );
    return notes;
  }

  /** The products of a model's main graph. */
  products(model: Model): PlannedLayer[] {
    return this.layers(scopeOf(model.graph, null), new Tally()).filter(({ layer }) => layer.kind === 'product');
  }

  /** The layers of a graph, with their formats; what stays is counted. */
  layers({ index, constants }: Scope, tally: Tally): PlannedLayer[] {
    const layers: BlockLayer[] = [];
    for (const node of index.graph.nodes) {
      const found = blockLayer(node, constants, this.request.embeddings);
      if (found === null) continue;
      tally.eligible++;
      if (!this.#admits(node)) tally.skip(node, 'not among the targets');
      else if (typeof found === 'string') tally.skip(node, found);
      else layers.push(found);
    }
    const keysOf = (wanted: BlockLayer['kind']) =>
      new Set(layers.filter(({ kind }) => kind === wanted).map((layer) => weightKey(layer)));
    const tables = keysOf('table');
    const products = keysOf('product');
    const formats = new Map<string, BlockFormat>();
    return layers.map((layer) => {
      const key = weightKey(layer);
      const format = formats.get(key) ?? this.#format(layer, tables.has(key));
      formats.set(key, format);
      return { layer, format, isShared: tables.has(key) && products.has(key) };
    });
  }

  /** Whether rounding to nearest loses nothing of a weight. */
  keepsGrid(layer: BlockLayer): boolean {
    return this.#onGrid.has(weightKey(layer));
  }

  /** Of weights that 8 bits are spent on. */
  raisedFormat(): BlockFormat {
    const { block, zeroPoints } = this.request;
    return { bits: 8, levelBits: 8, block, zeroPoints: zeroPoints === 'none' ? 'none' : 'integer' };
  }

  #format(layer: BlockLayer, isTable: boolean): BlockFormat {
    const { block, zeroPoints, form } = this.request;
    if (isTable) {
      // Gather of ONNX takes no values below 8 bits.
      const levelBits = form === 'dequantize-linear' ? 8 : this.request.tableBits;
      const zeros = zeroPoints === 'none' ? 'none' : 'integer';
      return { bits: storageBits(levelBits), levelBits, block: dividingBlock(layer.inputs, block), zeroPoints: zeros };
    }
    if (this.raised.has(weightKey(layer))) return this.raisedFormat();
    const { levelBits } = this.request;
    const plain = { bits: storageBits(levelBits), levelBits, block };
    if (zeroPoints !== 'auto') return { ...plain, zeroPoints };
    if (!liesOnGrid(layer, { ...plain, zeroPoints: 'float' })) return { ...plain, zeroPoints: 'integer' };
    this.#onGrid.add(weightKey(layer));
    return { ...plain, zeroPoints: 'float' };
  }
}

function storageBits(levelBits: BlockFormat['levelBits']): BlockFormat['bits'] {
  return levelBits === 3 ? 4 : levelBits;
}

/** Outputs that are looked at to tell what grid weights lie on. */
const probedOutputs = 64;
/** Largest share of the weights' power that float32 rounding of scales and offsets leaves. */
const roundingPower = 1e-10;

/** Whether weights are codes on a block-wise grid already, as those of a model that was quantized and written out are. */
function liesOnGrid(layer: BlockLayer, format: BlockFormat): boolean {
  const outputs = Math.min(probedOutputs, layer.outputs);
  const w = panelOf(layer, 0, outputs);
  const back = valuesOf(roundBlocks('nearest')(w, layer.inputs, outputs, format), layer.inputs, outputs, format);
  let power = 0;
  let error = 0;
  for (let i = 0; i < w.length; i++) {
    power += w[i]! ** 2;
    error += (w[i]! - back[i]!) ** 2;
  }
  return power > 0 && error <= roundingPower * power;
}

type MadeCodes = ReadonlyMap<string, () => BlockCodes>;

/** Codes of every product of the main graph by GPTQ. */
async function gptqAll(model: Model, plan: BlockPlan, tally: Tally, context: QuantizeContext): Promise<MadeCodes> {
  const { method, samples, actOrder, sequential } = plan.request;
  const layers = plan.products(model).filter(({ layer, isShared }) => !isShared && !plan.keepsGrid(layer));
  if (layers.length === 0) return new Map();
  const data = calibrationData(context, method, samples);
  for (const note of data.notes) tally.note(note);
  const folder = mkdtempSync(join(context.workDir, 'gptq-'));
  const made = new Map<string, () => BlockCodes>();
  const run = sequential ? () => withMade(model, layers, made, plan.request) : () => model;
  await overHessians({ layers, data, model: run, sequential }, context, ({ sum, inputs }, layers, work) => {
    const rounding = gptqBlocks(gptqFactor(sum, inputs, actOrder));
    for (const { layer, format } of layers) {
      const key = weightKey(layer);
      if (made.has(key)) continue;
      work.progress({ phase: 'GPTQ', fraction: 0, detail: layer.node.name });
      made.set(key, spilledCodes(roundLayer(layer, format, rounding), join(folder, `${made.size}.bin`)));
    }
  });
  return made;
}

/** The model as far as its weights are made. */
function withMade(model: Model, layers: readonly PlannedLayer[], made: MadeCodes, request: BlockRequest): Model {
  const patch = new Patch(model.graph);
  const nodes = new BlockNodes(patch, { form: 'matmul-nbits', accuracyLevel: request.integerActivations ? 4 : 0 });
  for (const { layer, format } of layers) {
    const make = made.get(weightKey(layer));
    if (make !== undefined) nodes.product(layer, { format, make, isShared: false });
  }
  const opsets = new Map(model.opsets).set('com.microsoft', 1);
  return { ...model, opsets, graph: withoutUnused(patch.apply()) };
}

/** The model with its products scaled by activation, as far as what makes their inputs takes the factors. */
async function awq(model: Model, plan: BlockPlan, tally: Tally, context: QuantizeContext): Promise<Model> {
  const { method, samples } = plan.request;
  const data = calibrationData(context, method, samples);
  for (const note of data.notes) tally.note(note);
  const products = plan.products(model).filter(({ layer, isShared }) => !plan.keepsGrid(layer) && !isShared);
  const sites = await awqSites(model, products);
  const siteOf = new Map(sites.map((site) => [site.layers[0]?.layer.node.name, site]));
  const chosen: { site: AwqSite['site']; s: Float64Array }[] = [];
  const layers = sites.flatMap((site) => site.layers);
  await overHessians({ layers, data, model: () => model, sequential: false }, context, (hessian, readers, work) => {
    const site = siteOf.get(readers[0]?.layer.node.name) as AwqSite;
    work.progress({ phase: 'Scaling by activation', fraction: 0, detail: site.site.maker.name });
    const s = bestScales(site, hessian, roundingOf(plan.algorithm, (readers[0] as PlannedLayer).format));
    if (s !== null) chosen.push({ site: site.site, s });
  });
  const scaled = chosen.reduce((sum, { site }) => sum + site.read.length, 0);
  tally.note(
    `AWQ scaled ${scaled} of ${products.length} products at ${chosen.length} places; ${products.length - layers.length} have an input whose makers take no factors, ${layers.length - scaled} gain nothing.`,
  );
  return withScales(model, chosen);
}

/** Runs that are spent on one weight: so many that all weights of a model together take a minute or so. */
const mixEffort = 4e10;
const mixSamples = { least: 2, most: 32 };

/** Chooses the weights that take 8 bits, on calibration samples. */
async function mix(
  model: Model,
  plan: BlockPlan,
  budget: MixBudget,
  made: MadeCodes,
  tally: Tally,
  context: QuantizeContext,
): Promise<void> {
  const { method, samples, integerActivations } = plan.request;
  const layers = plan
    .products(model)
    .filter(({ isShared, format }) => !isShared && format.bits < 8)
    .map(({ layer, format, isShared }): MixedLayer => {
      const many = plan.raisedFormat();
      return {
        layer,
        few: { format, isShared, make: made.get(weightKey(layer)) ?? roundingMaker(plan, layer, format) },
        many: { format: many, isShared, make: roundingMaker(plan, layer, many) },
      };
    });
  if (layers.length === 0) return;
  const weights = layers.reduce((sum, { layer }) => sum + layer.inputs * layer.outputs, 0);
  const wanted = Math.round(mixEffort / (weights * layers.length));
  const count = Math.min(samples, mixSamples.most, Math.max(mixSamples.least, wanted));
  const judged = context.dataset?.meta.output;
  const outputs = judged === null || judged === undefined ? floatOutputs(model.graph) : [judged];
  const nodes = { form: 'matmul-nbits', accuracyLevel: integerActivations ? 4 : 0 } as const;
  const data = calibrationData(context, method, count);
  const mixture = await mixBits(model, layers, budget, nodes, data, outputs, portion(context, 0.4, 1));
  plan.raised = mixture.raised;
  const keys = new Set(layers.map(({ layer }) => weightKey(layer)));
  tally.note(
    `${mixture.raised.size} of ${keys.size} weights take 8 bits, ${mixture.meanBits.toFixed(2)} on average; on ${data.samples} calibration samples the outputs stay within ${mixture.sqnrDb.toFixed(1)} dB.`,
  );
  if (!mixture.isMet)
    tally.note(
      budget.kind === 'bits'
        ? `The budget of ${budget.limit} bits cannot be met: these weights have ${mixture.meanBits.toFixed(2)}.`
        : `The budget of ${budget.limit} dB cannot be met: 8 bits for every weight give ${mixture.sqnrDb.toFixed(1)} dB.`,
    );
}

function roundingMaker(plan: BlockPlan, layer: BlockLayer, format: BlockFormat): () => BlockCodes {
  const rounding = plan.keepsGrid(layer) ? roundBlocks('nearest') : roundingOf(plan.algorithm, format);
  return () => roundLayer(layer, format, rounding);
}

function blockEdit(scope: Scope, plan: BlockPlan, tally: Tally, made: MadeCodes): Graph {
  const { graph } = scope.index;
  const { form, integerActivations } = plan.request;
  const layers = plan.layers(scope, tally);
  if (layers.length === 0) return graph;
  const patch = new Patch(graph);
  const nodes = new BlockNodes(patch, { form, accuracyLevel: integerActivations ? 4 : 0 });
  for (const { layer, format, isShared } of layers) {
    const isHeld = scope.outer === null && !plan.raised.has(weightKey(layer));
    const make = (isHeld ? made.get(weightKey(layer)) : undefined) ?? roundingMaker(plan, layer, format);
    if (layer.kind === 'product') nodes.product(layer, { format, make, isShared });
    else nodes.table(layer, { format, make, isShared });
    tally.changed++;
  }
  return withoutUnused(patch.apply());
}

/** Without samples: also what AWQ has scaled and what GPTQ leaves to others (tables, bodies) is rounded on the range of least squared error. */
function roundingOf(algorithm: BlockAlgorithm, { zeroPoints }: BlockFormat): Rounding {
  if (algorithm === 'gptq' || algorithm === 'awq') return roundBlocks('k-quant');
  return roundBlocks(algorithm === 'hqq' && zeroPoints !== 'float' ? 'mse' : algorithm);
}
