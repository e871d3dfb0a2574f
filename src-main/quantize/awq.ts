/**
 * Activation-aware scaling: inputs that are large in the activations get finer steps.
 *
 *   Y = X·W = (X/s)·(s·W)    sⱼ = x̄ⱼ^α / √(max x̄^α · min x̄^α)    X [rows, channels], W [channels, outputs]
 *
 * x̄ⱼ is the root mean square of channel j. α is searched for each place: the least ‖X·(Q(s·W)/s − W)‖², which by
 * H = Σ x·xᵀ is Σ over outputs of Δᵀ·H·Δ. 1/s goes into what makes X; where that takes no factors the weights stay.
 * Source: Lin et al. 2023, arXiv:2306.00978 (AWQ), section 3.2.
 */

import type { Model, Node } from '../onnx/ir';
import type { Rounding } from './block-codes';
import { type BlockFormat, valuesOf } from './block-codes';
import { type BlockLayer, panelOf } from './block-layers';
import { applyScalings, type Scaling } from './channel-scaling';
import { type ChannelSite, sitesOf } from './channel-sites';
import type { Hessian } from './hessians';

/** A product whose weight is about to be rounded. */
export interface ScaledLayer {
  readonly layer: BlockLayer;
  readonly format: BlockFormat;
}

/** Readers of one value that can take s, with what makes that value. */
export interface AwqSite {
  readonly site: ChannelSite;
  readonly layers: readonly ScaledLayer[];
}

/** Steps of α between 0 and 1. */
const steps = 20;
/** Outputs of each product that α is judged by: groups spread over them. */
const judged = { groups: 4, outputs: 12 };
/** Least share of the error that must go. */
const worth = 0.01;

/** Where the products among `layers` can be scaled; all readers of a value or none. */
export async function awqSites(model: Model, layers: readonly ScaledLayer[]): Promise<AwqSite[]> {
  const byNode = new Map(layers.map((one) => [one.layer.node.name, one]));
  const sites = await sitesOf(model, (_: Node) => true);
  return sites.flatMap((site) => {
    const found = site.read.map(({ node, size }) => {
      const one = byNode.get(node.name);
      return one !== undefined && size === site.channels && one.layer.inputs === size ? one : null;
    });
    const all = found.filter((one) => one !== null);
    const fits = all.length === found.length && site.inputs.length === 1 && site.ceilings.length === 0;
    return fits ? [{ site, layers: all }] : [];
  });
}

/** The s of the α whose error is least; null where leaving the weights as they are is as good. */
export function bestScales({ layers }: AwqSite, { sum, inputs }: Hessian, rounding: Rounding): Float64Array | null {
  const parts = layers.map(({ layer, format }) => ({ w: judgedOutputs(layer), format }));
  const errorOf = (s: Float64Array): number =>
    parts.reduce((total, { w, format }) => total + scaledError(w, s, sum, inputs, format, rounding), 0);
  const plain = errorOf(new Float64Array(inputs).fill(1));
  let best: Float64Array | null = null;
  let least = plain * (1 - worth);
  for (let step = 1; step <= steps; step++) {
    const s = scalesFor(sum, inputs, step / steps);
    const error = errorOf(s);
    if (error >= least) continue;
    least = error;
    best = s;
  }
  return best;
}

function scalesFor(hessian: Float64Array, inputs: number, alpha: number): Float64Array {
  const power = Float64Array.from({ length: inputs }, (_, j) => hessian[j * inputs + j]!);
  const largest = power.reduce((a, b) => Math.max(a, b), 0);
  // A channel that never was anything but 0 counts as a very small one.
  const s = power.map((value) => Math.max(value, 1e-10 * largest) ** (alpha / 2));
  const middle = Math.sqrt(s.reduce((a, b) => Math.max(a, b), 0) * s.reduce((a, b) => Math.min(a, b), Infinity));
  return middle > 0 ? s.map((value) => value / middle) : s.fill(1);
}

/** [inputs, outputs] of groups of outputs spread over all of them. */
function judgedOutputs(layer: BlockLayer): Float32Array {
  const { inputs, outputs } = layer;
  const width = Math.min(judged.outputs, Math.ceil(outputs / judged.groups));
  const starts = Array.from({ length: judged.groups }, (_, group) => Math.floor((group * outputs) / judged.groups));
  const panels = starts.map((from) => panelOf(layer, from, Math.min(outputs, from + width)));
  const total = panels.reduce((sum, panel) => sum + panel.length / inputs, 0);
  const w = new Float32Array(inputs * total);
  let column = 0;
  for (const panel of panels) {
    const own = panel.length / inputs;
    for (let i = 0; i < inputs; i++) w.set(panel.subarray(i * own, (i + 1) * own), i * total + column);
    column += own;
  }
  return w;
}

/** Σ over outputs of Δᵀ·H·Δ with Δ = Q(s·w)/s − w. */
function scaledError(
  w: Float32Array,
  s: Float64Array,
  hessian: Float64Array,
  inputs: number,
  format: BlockFormat,
  rounding: Rounding,
): number {
  const outputs = w.length / inputs;
  const scaled = w.map((value, at) => value * s[Math.floor(at / outputs)]!);
  const rounded = valuesOf(rounding(scaled, inputs, outputs, format), inputs, outputs, format);
  const delta = rounded.map((value, at) => value / s[Math.floor(at / outputs)]! - w[at]!); // [inputs, outputs]
  let error = 0;
  const row = new Float64Array(outputs);
  for (let i = 0; i < inputs; i++) {
    row.fill(0);
    for (let j = i; j < inputs; j++) {
      const h = hessian[i * inputs + j]! * (j === i ? 1 : 2);
      for (let n = 0; n < outputs; n++) row[n]! += h * delta[j * outputs + n]!;
    }
    for (let n = 0; n < outputs; n++) error += row[n]! * delta[i * outputs + n]!;
  }
  return error;
}

/** The model with the chosen scales in its weights and in what makes their inputs: its outputs stay the same. */
export function withScales(model: Model, chosen: readonly { site: ChannelSite; s: Float64Array }[]): Model {
  const scalings = chosen.flatMap(({ site, s }): Scaling[] => {
    const inverse = s.map((value) => 1 / value);
    return [
      ...site.made.map((operand) => ({ operand, factors: inverse })),
      ...site.read.map((operand) => ({ operand, factors: s })),
    ];
  });
  return { ...model, graph: applyScalings(model.graph, scalings) };
}
