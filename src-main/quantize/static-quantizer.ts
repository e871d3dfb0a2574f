/**
 * Static quantization of one model, taken apart: what calibration saw is kept, and any number of int8 graphs are built
 * from it without running the model again.
 */

import { portion, type Targets, targetFilter, type Work } from '../contract';
import { batchOfOne, fixDims } from '../inspect';
import {
  elementCount,
  type Graph,
  type GraphIndex,
  indexGraph,
  type Model,
  makeValue,
  type Node,
  Patch,
  type Tensor,
  type TypeInfo,
  tensorFromArray,
} from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { eliminateDeadNodes } from '../passes';
import { addedBias, addInstead, correctedBias, meanRequest, withShift } from './bias-correction';
import { type Calibration, calibrate, MeanObserver, type MeanRequest, observe, type Seen } from './calibrate';
import type { CalibrationData } from './calibration-data';
import { type CentredHessianObserver, centredHessianObserver } from './centred-hessians';
import { type Constants, constantsOf } from './constants';
import { type Hessian, HessianObserver, hessianSize, layerOutputs } from './hessians';
import { channelAxis, insertQuantization } from './insert';
import type { Tally } from './method';
import { calibratorNamed } from './observers';
import type { Statistics } from './observers/statistics';
import { activationsOf, isComputeNode, openInterval, outputsOf, type Placement, planPlacement } from './place';
import { hasBiasedProducts, productsWithBias } from './products-with-bias';
import { type ActivationParams, type ActivationType, activationParams } from './quant-params';
import { type HessianRounding, roundByHessian } from './rounding';
import { maySaturate, narrowLimit } from './saturation';
import { quantizeTables } from './tables';
import { withoutUnused } from './unused';
import {
  leastErrorScales,
  minMaxScales,
  type QuantizedWeight,
  roundToNearest,
  type WeightScales,
  wholeRangeScales,
} from './weights';
import { wideDomain, widenActivations } from './wide-activations';

/** Which layers round by what their outputs do: none, those with few weights an output, all, all up or down. */
export type Rounding = 'nearest' | 'small-layers' | 'all-layers' | 'adaround';

/** A layer with more weights an output rounds to nearest: its Hessian would take more than 32 MB. */
const largestLayer = 2048;

/** Most weights an output for a layer to count as small. */
const smallLayer = 128;

/** Share of all products and weights up to which a last layer stays in float. */
const smallShare = 0.01;
const headReason = 'a last layer so small that integers gain it nothing, and whose rounding all answers would show';
/** What may stand between the last layer and the outputs. */
const behindHeads = new Set('Softmax LogSoftmax Sigmoid Flatten Reshape Squeeze Unsqueeze Identity Add'.split(' '));

export interface StaticConfig {
  readonly calibrator: string;
  readonly perChannel: boolean;
  readonly symmetric: boolean;
  /** Signed where nothing is said of weights, unsigned where nothing is said of activations. */
  readonly activationType?: ActivationType | undefined;
  readonly weightType?: 'int8' | 'uint8' | undefined;
  /** All integers from the least weight to the largest, one scale for the tensor. */
  readonly asymmetricWeights?: boolean | undefined;
  /** Scales that cover every weight where nothing is said. */
  readonly weightRanges?: 'min-max' | 'mse' | undefined;
  /** Nodes whose weights take 7 bits, so that the sum of two products fits into 16. */
  readonly narrow?: ReadonlySet<string> | undefined;
  /** Layers that are not placed but get 16-bit activations. */
  readonly wide?: ReadonlySet<string> | undefined;
}

export class StaticQuantizer {
  readonly model: Model;
  readonly index: GraphIndex;
  readonly constants: Constants;
  readonly #types: ReadonlyMap<string, TypeInfo>;
  readonly #targets: Targets;
  readonly #dims: Readonly<Record<string, number>>;
  readonly #attention: boolean;
  /** Last layers that stay in float. */
  readonly #heads: ReadonlySet<string>;
  #calibration: Calibration = { statistics: new Map(), means: new Map(), ran: 0, resumed: 0 };
  #correctsBias = false;
  #seen: Seen = { ran: 0, resumed: 0 };
  #hessians: ReadonlyMap<string, Hessian> = new Map();
  #rounding: HessianRounding = 'feedback';
  /** Layer → means of what reaches it in the quantized model and in the float one, where both were measured. */
  readonly #arriving = new Map<string, { quantized: Float64Array; float: Float64Array }>();
  /** What {@link params} gave: the search for a range is long, and builds that differ in a few layers ask again. */
  readonly #params = new Map<string, ActivationParams>();
  /** Layer → its weight, rounded by the Hessian with those scales. */
  readonly #rounded = new Map<string, QuantizedWeight>();

  private constructor(
    model: Model,
    types: ReadonlyMap<string, TypeInfo>,
    targets: Targets,
    dims: Readonly<Record<string, number>>,
    attention: boolean,
  ) {
    this.model = model;
    this.index = indexGraph(model.graph);
    this.constants = constantsOf(this.index);
    this.#types = types;
    this.#targets = targets;
    this.#dims = dims;
    this.#attention = attention;
    this.#heads = this.#smallHeads();
  }

  /** @param model as `prepare` gives it */
  static async of(
    model: Model,
    targets: Targets,
    dims: Readonly<Record<string, number>>,
    attention: boolean,
  ): Promise<StaticQuantizer> {
    const merged = hasBiasedProducts(model.graph) ? await withBiasedProducts(model) : model;
    return new StaticQuantizer(merged, await sizedTypes(merged, dims), targets, dims, attention);
  }

  /** How the samples came to be seen, all passes together. */
  get seen(): Seen {
    return this.#seen;
  }

  #count({ ran, resumed }: Seen): void {
    this.#seen = { ran: this.#seen.ran + ran, resumed: this.#seen.resumed + resumed };
  }

  get statistics(): ReadonlyMap<string, Statistics> {
    return this.#calibration.statistics;
  }

  /** Where int8 would go, with some nodes left in float and some with 16-bit activations; small heads stay in float. */
  placement(keepFloat: ReadonlySet<string> = new Set(), wide: ReadonlySet<string> = new Set()): Placement {
    const admits = targetFilter(this.#targets);
    const placement = planPlacement({
      index: this.index,
      constants: this.constants,
      admits: (node) =>
        admits(node) && !keepFloat.has(node.name) && !wide.has(node.name) && !this.#heads.has(node.name),
      elements: (value) => this.elements(value),
      rank: (value) => this.rank(value),
      attention: this.#attention,
      wide,
    });
    const skipped = placement.skipped.map((skip) =>
      this.#heads.has(skip.node.name) && admits(skip.node) ? { ...skip, reason: headReason } : skip,
    );
    return { ...placement, skipped };
  }

  /** Multiply–accumulates of a layer with a constant weight in one run; 0 of any other node. */
  products(node: Node): number {
    const weight = isComputeNode(node) ? this.constants.tensor(node.inputs[1] as string) : undefined;
    if (weight === undefined) return 0;
    // ONNX gives its weight as [in, out / group, …]: each input is multiplied by all that stands behind the first axis.
    if (node.opType === 'ConvTranspose')
      return this.elements(node.inputs[0] as string) * elementCount(weight.shape.slice(1));
    return (this.elements(node.outputs[0] as string) * elementCount(weight.shape)) / layerOutputs(node, weight);
  }

  /** Layers that give the outputs of the model with a hundredth of its products and weights, or less. */
  #smallHeads(): ReadonlySet<string> {
    const layers = this.index.graph.nodes.filter((node) => this.products(node) > 0);
    const products = layers.reduce((sum, node) => sum + this.products(node), 0);
    const weights = layers.reduce((sum, node) => sum + this.#weights(node), 0);
    const heads = this.index.graph.outputs.flatMap(({ name }) => {
      let maker = this.index.producer(name);
      while (maker !== undefined && behindHeads.has(maker.opType))
        maker = this.index.producer(maker.inputs[0] as string);
      return maker === undefined ? [] : [maker];
    });
    const isSmall = (node: Node): boolean =>
      this.products(node) > 0 &&
      this.products(node) <= smallShare * products &&
      this.#weights(node) <= smallShare * weights;
    return new Set(heads.filter(isSmall).map(({ name }) => name));
  }

  #weights(node: Node): number {
    return elementCount(this.constants.tensor(node.inputs[1] as string)?.shape ?? [0]);
  }

  /** undefined where it is unknown. */
  rank(value: string): number | undefined {
    return this.#shape(value)?.length;
  }

  /** Elements of a value for one sample; a dim of unknown size counts as 1. */
  elements(value: string): number {
    return (this.#shape(value) ?? []).reduce<number>((product, dim) => {
      const size = typeof dim === 'string' ? (this.#dims[dim] ?? 1) : (dim ?? 1);
      return product * Math.max(1, size);
    }, 1);
  }

  /**
   * Runs the model over the samples, once.
   * @param values whose ranges are asked for
   */
  async calibrate(
    values: readonly string[],
    data: CalibrationData,
    { histograms, biasCorrection }: { histograms: boolean; biasCorrection: boolean },
    work: Work,
  ): Promise<void> {
    // What is kept shall answer for every choice of calibrator and correction.
    const isKept = data.cache !== null;
    const means = biasCorrection || isKept ? this.#meanRequests() : [];
    const request = { model: this.model, values, means, data, histograms: histograms || isKept };
    this.#calibration = await calibrate(request, work);
    this.#count(this.#calibration);
    this.#params.clear();
    this.#correctsBias = biasCorrection;
  }

  /** Sums what rounding by the output error needs. */
  async collectHessians(rounding: Rounding, data: CalibrationData, work: Work): Promise<void> {
    if (rounding === 'nearest') return;
    const most = rounding === 'small-layers' ? smallLayer : largestLayer;
    this.#rounding = rounding === 'adaround' ? 'adaround' : 'feedback';
    const observers: (HessianObserver | CentredHessianObserver)[] = [];
    for (const unit of this.placement().units) {
      const { kind, node } = unit;
      const weight = kind === 'compute' ? this.constants.tensor(node.inputs[1] as string) : undefined;
      if (weight === undefined || weight.shape.length > 5 || hessianSize(node, weight).inputs > most) continue;
      const hasBias = this.#biasOf(node) !== null;
      const open = openInterval(this.constants, unit);
      observers.push(hasBias ? centredHessianObserver(node, weight, open) : new HessianObserver(node, weight));
    }
    this.#count(await observe({ model: this.model, data }, observers, portion(work, 0, 1, 'Measuring layer inputs')));
    this.#hessians = new Map(observers.map((observer) => [observer.node.name, observer.hessian(this.#correctsBias)]));
  }

  /**
   * Measures, one layer after the other, what reaches each layer in the quantized model, so that its bias takes back what
   * the layers before it shift as well. A pass over the samples a layer.
   * @throws LatheError as {@link calibrate}
   */
  async correctInOrder(placement: Placement, config: StaticConfig, data: CalibrationData, work: Work): Promise<void> {
    const layers = placement.units.flatMap(({ kind, node }) => {
      const isCorrected = kind === 'compute' && this.#biasOf(node) !== null;
      const request = isCorrected ? meanRequest(node, this.#shape(node.inputs[0] as string)?.length) : null;
      return request === null ? [] : [{ node, request }];
    });
    // Means of other samples differ by more than rounding shifts.
    const float = new Map(layers.map(({ request }) => [request.value, new MeanObserver(request)]));
    const once = portion(work, 0, 1 / (layers.length + 1), 'Measuring means');
    this.#count(await observe({ model: this.model, data }, [...float.values()], once));
    for (const [at, { node, request }] of layers.entries()) {
      work.signal.throwIfAborted();
      const built = this.modelOf(this.build(placement, config));
      const value = built.graph.nodes.find(({ name }) => name === node.name)?.inputs[0] as string;
      const outputs = [makeValue(value, 'float32', null)];
      const { model } = eliminateDeadNodes({ ...built, graph: { ...built.graph, outputs } });
      const observer = new MeanObserver({ ...request, value });
      const part = portion(work, (at + 1) / (layers.length + 1), (at + 2) / (layers.length + 1), 'Correcting biases');
      this.#count(await observe({ model, data: { ...data, cache: null } }, [observer], part));
      const seen = float.get(request.value) as MeanObserver;
      this.#arriving.set(node.name, { quantized: observer.mean(), float: seen.mean() });
    }
  }

  /** Layers whose products of an unsigned and a signed integer, added in pairs, could leave 16 bits. */
  saturating({ units }: Placement, config: StaticConfig): string[] {
    return units
      .filter(({ kind, node }) => {
        const weight = kind === 'compute' ? this.constants.tensor(node.inputs[1] as string) : undefined;
        if (weight === undefined) return false;
        const scales = weightScales(node, weight, config.perChannel ? channelAxis(node, weight) : null, config);
        return maySaturate(node, roundToNearest(weight, scales).codes(''));
      })
      .map(({ node }) => node.name);
  }

  /** The int8 graph of a placement. */
  build(placement: Placement, config: StaticConfig): Graph {
    const graph = insertQuantization({
      graph: this.model.graph,
      constants: this.constants,
      placement,
      params: (value) => this.params(value, config),
      weightScales: (node, weight, axis) => weightScales(node, weight, axis, config),
      roundWeight: (node, weight, scales) => this.roundWeight(node, weight, scales),
      bias: (node, weight, quantized) => this.correctedBias(node, weight, quantized),
      perChannel: config.perChannel,
      unsignedWeights: config.weightType === 'uint8',
    });
    return withoutUnused(this.#widened(graph, config));
  }

  /** A graph that {@link build} gave, with the tables of its embeddings as integers too. */
  withTables(graph: Graph, tally: Tally): Graph {
    const patch = new Patch(graph);
    quantizeTables(patch, graph.nodes, constantsOf(indexGraph(graph)), targetFilter(this.#targets), tally);
    return patch.isEmpty ? graph : withoutUnused(patch.apply());
  }

  #widened(graph: Graph, config: StaticConfig): Graph {
    const { wide = new Set() } = config;
    if (wide.size === 0) return graph;
    return widenActivations(graph, {
      constants: this.constants,
      layers: wide,
      params: (value) => this.params(value, { ...config, activationType: 'uint16' }),
      quantize: (node, weight, axis) => this.roundWeight(node, weight, weightScales(node, weight, axis, config)),
      perChannel: config.perChannel,
      opset: this.#opset,
    });
  }

  /**
   * The float model with biases that take back what weights of products lose when each is rounded to its nearest
   * integer, one scale an output: for a method that rounds them so and calibrates nothing.
   */
  correctedForRounding(): Model {
    const patch = new Patch(this.model.graph);
    for (const { kind, node } of this.placement().units) {
      const weight = kind === 'compute' ? this.constants.tensor(node.inputs[1] as string) : undefined;
      if (weight === undefined || node.opType === 'Conv') continue;
      const bias = this.correctedBias(
        node,
        weight,
        roundToNearest(weight, minMaxScales(weight, channelAxis(node, weight))),
      );
      if (bias === undefined) continue;
      if (node.opType === 'MatMul') {
        addInstead(patch, this.index, this.constants, node, bias);
        continue;
      }
      const name = patch.freshName(`${node.name}_bias_corrected`);
      patch.setInitializer(tensorFromArray(name, { dtype: 'float32', shape: [bias.length], data: bias }));
      patch.replaceNode(node.name, { ...node, inputs: [...node.inputs.slice(0, 2), name] });
    }
    return patch.isEmpty ? this.model : { ...this.model, graph: patch.apply() };
  }

  /** The model with a graph that {@link build} gave. */
  modelOf(graph: Graph): Model {
    const domain = wideDomain(this.#opset);
    const isForeign = domain !== '' && graph.nodes.some((node) => node.domain === domain);
    if (!isForeign || this.model.opsets.has(domain)) return { ...this.model, graph };
    return { ...this.model, graph, opsets: new Map([...this.model.opsets, [domain, 1]]) };
  }

  /** Types of the values of a graph that {@link build} gave. */
  typesIn(graph: Graph): ReadonlyMap<string, TypeInfo> {
    const types = new Map(this.#types);
    const makers = new Map(this.index.graph.nodes.map((node) => [node.name, node]));
    for (const node of graph.nodes)
      node.outputs.forEach((output, at) => {
        if (node.opType === 'QuantizeLinear')
          types.set(output, tensorLike(graph.initializers.get(node.inputs[2] as string)));
        else if (node.opType === 'DequantizeLinear') types.set(output, tensorLike(undefined));
        // The float output of a node that leaves through integers has lost its name to them.
        const type = types.get(makers.get(node.name)?.outputs[at] ?? '');
        if (!types.has(output) && type !== undefined) types.set(output, type);
      });
    return types;
  }

  get #opset(): number {
    return this.model.opsets.get('') ?? 1;
  }

  /** Scale and zero point of a measured value. */
  params(value: string, { calibrator, symmetric, activationType = 'uint8' }: StaticConfig): ActivationParams {
    const key = JSON.stringify([value, calibrator, symmetric, activationType]);
    const known = this.#params.get(key);
    if (known !== undefined) return known;
    const statistics = this.statistics.get(value) as Statistics;
    const levels = activationType === 'uint16' ? 65_536 : 256;
    const range = calibratorNamed(calibrator).range(statistics, { levels, symmetric });
    const params = activationParams(range, activationType, symmetric);
    this.#params.set(key, params);
    return params;
  }

  roundWeight(node: Node, weight: Tensor, scales: WeightScales): QuantizedWeight {
    const hessian = this.#hessians.get(node.name);
    if (hessian === undefined || scales.zeroPoint !== undefined) return roundToNearest(weight, scales);
    const known = this.#rounded.get(node.name);
    if (known !== undefined && isSameGrid(known.scales, scales)) return known;
    const rounded = roundByHessian(node, weight, scales, hessian, this.#rounding);
    this.#rounded.set(node.name, rounded);
    return rounded;
  }

  /** The bias that takes back what a rounded weight shifts: [out]; undefined where there is nothing to correct. */
  correctedBias(node: Node, weight: Tensor, quantized: QuantizedWeight): Float32Array | undefined {
    const means = this.#correctsBias ? this.#calibration.means.get(node.inputs[0] as string) : undefined;
    const name = this.#biasOf(node);
    if (means === undefined || name === null) return undefined;
    const bias = this.constants.tensor(name);
    const arriving = this.#arriving.get(node.name);
    if (arriving === undefined && quantized.shift !== undefined) return withShift(node, bias, quantized.shift);
    return correctedBias(
      node,
      weight,
      quantized.codes(''),
      quantized.scales,
      bias,
      arriving?.float ?? means,
      arriving?.quantized,
    );
  }

  /** The value that holds the bias of a layer, '' where it has none yet; null where none can be. */
  #biasOf(node: Node): string | null {
    if (node.opType !== 'MatMul') return node.inputs[2] ?? '';
    const added = addedBias(this.index, this.constants, node);
    return added === null ? null : (added.add.inputs[added.at] as string);
  }

  /** The means of what the layers with a bias read, once each. */
  #meanRequests(): MeanRequest[] {
    const requests = this.placement()
      .units.filter(({ kind, node }) => kind === 'compute' && this.#biasOf(node) !== null)
      .map(({ node }) => meanRequest(node, this.#shape(node.inputs[0] as string)?.length))
      .filter((request) => request !== null);
    return [...new Map(requests.map((request) => [request.value, request])).values()];
  }

  #shape(value: string) {
    const type = this.#types.get(value);
    return type?.kind === 'tensor' ? type.shape : null;
  }
}

/** A type of unknown shape with the dtype of a zero point, float32 where there is none. */
function tensorLike(zeroPoint: Tensor | undefined): TypeInfo {
  return { kind: 'tensor', dtype: zeroPoint?.dtype ?? 'float32', shape: null };
}

/** The model with biases in its products; open dims keep their names, as they do in the file that is made. */
async function withBiasedProducts(model: Model): Promise<Model> {
  const types = await valueTypes(model);
  const shape = (value: string) => {
    const type = types.get(value);
    return type?.kind === 'tensor' ? (type.shape ?? undefined) : undefined;
  };
  const graph = productsWithBias(model.graph, shape);
  return graph === model.graph ? model : { ...model, graph };
}

/** Types of all values in a run of one sample, as far as the sizes of the inputs are known. */
async function sizedTypes(
  model: Model,
  dims: Readonly<Record<string, number>>,
): Promise<ReadonlyMap<string, TypeInfo>> {
  const { dims: batch } = batchOfOne(model.graph, dims);
  try {
    return await valueTypes(fixDims(model, { ...batch, ...dims }));
  } catch {
    return valueTypes(model); // Sizes that the model does not take.
  }
}

function weightScales(
  node: Node,
  weight: Tensor,
  axis: number | null,
  { asymmetricWeights, narrow, weightRanges }: StaticConfig,
): WeightScales {
  if (asymmetricWeights === true) return wholeRangeScales(weight);
  const covering = minMaxScales(weight, axis, narrow?.has(node.name) ? narrowLimit : undefined);
  return weightRanges === 'mse' ? leastErrorScales(weight, covering) : covering;
}

function isSameGrid(a: WeightScales, b: WeightScales): boolean {
  return a.limit === b.limit && a.scales.length === b.scales.length && a.scales.every((x, at) => x === b.scales[at]);
}

/** Every value whose range a placement needs. */
export function measuredValues({ units, emitting, entering, roots }: Placement): string[] {
  const emitted = units.filter((unit) => emitting.has(unit) && unit.kind !== 'move').map((unit) => unit.output);
  return [...new Set([...entering, ...emitted])].filter((value) => !roots.has(value));
}

/** Every value whose range any placement that leaves more nodes in float may need. */
export function measurableValues({ units }: Placement): string[] {
  return [
    ...new Set(units.flatMap((unit) => [...activationsOf(unit), ...outputsOf(unit), ...unit.node.outputs])),
  ].filter((value) => value !== '');
}
