/**
 * Cross-layer equalization: between two layers the channels are rescaled so that both spend their integers alike.
 *
 *   r₁ᵢ = max |W₁| of output channel i    r₂ᵢ = max |W₂| of input channel i    sᵢ = √(r₁ᵢ/r₂ᵢ)
 *   W₁ᵢ ← W₁ᵢ/sᵢ    b₁ᵢ ← b₁ᵢ/sᵢ    W₂ᵢ ← W₂ᵢ·sᵢ    so that both ranges become √(r₁ᵢ·r₂ᵢ)
 *
 * Chains (a depthwise layer between two others) take several sweeps to settle.
 * Source: Nagel et al. 2019, arXiv:1906.04721, section 4.1.
 */

import type { Model } from '../../onnx/ir';
import { applyScalings, eachElement, type Scaling } from '../channel-scaling';
import { type ChannelSite, type ScaledOperand, sitesOf } from '../channel-sites';
import { isComputeNode } from '../place';
import { type Preparation, type PreparationContext, type PreparationResult, places } from '../preparation';

const mostSweeps = 20;
/** A sweep that changes no factor by more than this share is the last. */
const settled = 1e-3;

export const equalize = {
  name: 'equalize',
  title: 'Equalize layers',
  help: 'Rescales the channels between two layers so that both have alike ranges; the outputs of the model stay the same. Helps convolutional networks, depthwise ones most.',
  source: 'Nagel et al. 2019, arXiv:1906.04721, section 4.1',
  default: true,
  run: equalizeLayers,
} as const satisfies Preparation;

async function equalizeLayers(model: Model, { admits, signal }: PreparationContext): Promise<PreparationResult> {
  const links = (await sitesOf(model, admits)).filter(({ maker }) => isComputeNode(maker));
  const sites = links.filter(({ ceilings }) => ceilings.length === 0);
  const equalizer = new Equalizer(sites);
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    signal.throwIfAborted();
    if (equalizer.sweep() < settled) break;
  }
  const graph = applyScalings(model.graph, equalizer.scalings());
  const clipped = links.length - sites.length;
  const but = clipped === 0 ? '' : `; not at ${clipped}, where a Clip has an upper bound for all channels`;
  const notes = links.length === 0 ? [] : [`equalized the channels between layers at ${places(sites.length)}${but}`];
  return { model: { ...model, graph }, changed: sites.length, notes };
}

class Equalizer {
  readonly #sites: readonly ChannelSite[];
  /** By site: s and 1/s, [channels]. */
  readonly #up: readonly Float64Array[];
  readonly #down: readonly Float64Array[];
  /** Node → its weight as a reader, and the site that it reads. */
  readonly #readers = new Map<string, { readonly operand: ScaledOperand; readonly site: number }>();
  /** Node → the site that it makes. */
  readonly #makers = new Map<string, number>();

  constructor(sites: readonly ChannelSite[]) {
    this.#sites = sites;
    this.#up = sites.map(({ channels }) => new Float64Array(channels).fill(1));
    this.#down = sites.map(({ channels }) => new Float64Array(channels).fill(1));
    sites.forEach(({ maker, read }, site) => {
      this.#makers.set(maker.name, site);
      for (const operand of read) this.#readers.set(operand.node.name, { operand, site });
    });
  }

  /** @returns the largest change of a factor, as a share of it */
  sweep(): number {
    let change = 0;
    this.#sites.forEach(({ maker, made, read, channels }, site) => {
      const first = this.#ranges(maker.name, made[0] as ScaledOperand).out;
      const second = new Float64Array(channels);
      for (const { node } of read)
        this.#ranges(node.name).in.forEach((range, channel) => {
          second[channel] = Math.max(second[channel]!, range);
        });
      for (let channel = 0; channel < channels; channel++) {
        if (first[channel] === 0 || second[channel] === 0) continue;
        const step = Math.sqrt(first[channel]! / second[channel]!);
        this.#up[site]![channel]! *= step;
        this.#down[site]![channel]! /= step;
        change = Math.max(change, Math.abs(step - 1));
      }
    });
    return change;
  }

  scalings(): Scaling[] {
    return this.#sites.flatMap(({ made, read }, site) => [
      ...made.map((operand) => ({ operand, factors: this.#down[site] as Float64Array })),
      ...read.map((operand) => ({ operand, factors: this.#up[site] as Float64Array })),
    ]);
  }

  /**
   * Largest magnitudes of a weight with the factors as they are, by input and by output channel.
   * @param made the weight as a maker, where it reads no site
   */
  #ranges(node: string, made?: ScaledOperand): { in: Float64Array; out: Float64Array } {
    const makes = this.#makers.get(node);
    const down = makes === undefined ? undefined : this.#down[makes];
    const out = new Float64Array(down?.length ?? 0);
    const reader = this.#readers.get(node);
    if (reader === undefined) {
      eachElement(made as ScaledOperand, (value, channel) => {
        const magnitude = Math.abs(value) * down![channel]!;
        if (magnitude > out[channel]!) out[channel] = magnitude;
      });
      return { in: new Float64Array(0), out };
    }
    const up = this.#up[reader.site] as Float64Array;
    const into = new Float64Array(up.length);
    eachElement(reader.operand, (value, channel, output) => {
      const magnitude = Math.abs(value) * up[channel]! * (down?.[output] ?? 1);
      if (magnitude > into[channel]!) into[channel] = magnitude;
      if (down !== undefined && magnitude > out[output]!) out[output] = magnitude;
    });
    return { in: into, out };
  }
}
