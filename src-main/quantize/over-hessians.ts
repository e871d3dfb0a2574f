/** Passes over the calibration samples that sum up the Hessians of layers, as many at a time as memory is meant to hold. */

import { portion, type Work } from '../contract';
import { attributes, type Model } from '../onnx/ir';
import type { BlockLayer } from './block-layers';
import { observe } from './calibrate';
import type { CalibrationData } from './calibration-data';
import { type Hessian, HessianObserver } from './hessians';

/** Bytes of Hessians that are held at a time; one that is larger is held alone. */
const hessianBytes = 64e6;
/** In sequence: passes over the samples at most. */
const mostPasses = 32;

export interface HessianRequest<Planned> {
  readonly layers: readonly Planned[];
  readonly data: CalibrationData;
  /** The model that is run, asked for before each pass. */
  readonly model: () => Model;
  /** Whether it differs from pass to pass: then few layers share one. */
  readonly sequential: boolean;
}

/** Shows the Hessian of every value that layers read, with those layers, in the order of the graph. */
export async function overHessians<Planned extends { readonly layer: BlockLayer }>(
  { layers, data, model, sequential }: HessianRequest<Planned>,
  work: Work,
  visit: (hessian: Hessian, layers: readonly Planned[], work: Work) => void,
): Promise<void> {
  const all = readersByValue(layers);
  const together = sequential ? Math.ceil(all.length / mostPasses) : all.length;
  const samples = sequential ? { ...data, cache: null } : data;
  for (let from = 0; from < all.length; ) {
    const group = all.slice(from, from + Math.min(together, fitting(all.slice(from))));
    const observers = group.map(([{ layer }]) => hessianOf(layer));
    const part = portion(work, from / all.length, (from + group.length) / all.length);
    await observe({ model: model(), data: samples, mapped: true }, observers, portion(part, 0, 0.4));
    from += group.length;
    for (const [at, readers] of group.entries()) {
      work.signal.throwIfAborted();
      // Shifted out, so that a Hessian is let go of when its layers are done.
      const hessian = (observers.shift() as HessianObserver).hessian();
      const [start, end] = [at, at + 1].map((done) => 0.4 + (0.6 * done) / group.length) as [number, number];
      visit(hessian, readers, portion(part, start, end));
    }
  }
}

type Readers<Planned> = [Planned, ...Planned[]];

function readersByValue<Planned extends { readonly layer: BlockLayer }>(
  layers: readonly Planned[],
): Readers<Planned>[] {
  const byValue = new Map<string, Readers<Planned>>();
  for (const planned of layers) {
    const value = planned.layer.node.inputs[0] as string;
    const known = byValue.get(value);
    if (known === undefined) byValue.set(value, [planned]);
    else known.push(planned);
  }
  return [...byValue.values()];
}

/** How many of the first Hessians fit into memory together: one at least. */
function fitting(readers: readonly Readers<{ readonly layer: BlockLayer }>[]): number {
  let bytes = 0;
  const beyond = readers.findIndex(([{ layer }]) => {
    bytes += layer.inputs ** 2 * 8;
    return bytes > hessianBytes;
  });
  return beyond === -1 ? readers.length : Math.max(1, beyond);
}

function hessianOf({ node, tensor, inputs, outputs }: BlockLayer): HessianObserver {
  const isTurned = node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1;
  return new HessianObserver(node, { ...tensor, shape: isTurned ? [outputs, inputs] : [inputs, outputs] });
}
