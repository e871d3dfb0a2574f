/** Sums over calibration data of what flows into weights: ‖X_j‖² of each feature, or the whole of Xᵀ·X. */

import { LatheError, type Work } from '../contract';
import type { Dataset } from '../data/dataset';
import { attributes, int64Tensor, type Model, makeNode, type NdArray, Patch, tensorFromArray, zeros } from '../onnx/ir';
import { openSession, type Session } from '../onnx/session';
import { addFeatures, type FeatureLayout } from './features';
import type { PruneContext } from './method';
import type { Weight } from './weights';

export interface Observed {
  readonly weight: Weight;
  readonly layout: FeatureLayout;
}

/** `squares`: [groups · F]. `products`: [F, F], for layouts of one group. */
export type Sum = 'squares' | 'products';

/** Numbers of a pass that leave the runtime at once. */
const PASS = 32 << 20;

/**
 * @param samples at most so many of the calibration split, evenly spaced
 * @returns by weight, in float64
 */
export async function observe(
  model: Model,
  wanted: readonly Observed[],
  sum: Sum,
  samples: number,
  context: PruneContext,
  work: Work,
): Promise<Map<Weight, Float64Array>> {
  const sums = new Map<Weight, Float64Array>();
  const passes = split(wanted, sum);
  for (const [at, pass] of passes.entries()) {
    const observing = observingModel(model, pass, sum);
    const session = await openSession(observing.model, { prepacking: false, background: true });
    try {
      await sumOver(session, observing.outputs, sums, samples, context, {
        signal: work.signal,
        progress: (told) =>
          work.progress({ ...told, fraction: ((told.fraction as number) + at) / passes.length, phase: 'Observing' }),
      });
    } finally {
      await session.release();
    }
  }
  return sums;
}

function sizeOf({ layout }: Observed, sum: Sum): number {
  return sum === 'squares' ? layout.groups * layout.features : layout.features ** 2;
}

/** Weights whose sums fit into memory together, in order. */
function split(wanted: readonly Observed[], sum: Sum): Observed[][] {
  const passes: Observed[][] = [];
  let room = 0;
  for (const entry of wanted) {
    const size = sizeOf(entry, sum);
    if (size > room) {
      passes.push([]);
      room = PASS;
    }
    passes.at(-1)?.push(entry);
    room -= size;
  }
  return passes;
}

function observingModel(model: Model, pass: readonly Observed[], sum: Sum) {
  const patch = new Patch(model.graph);
  const outputs = new Map<string, Weight>();
  const opset = model.opsets.get('') ?? 1;
  for (const { weight, layout } of pass) {
    for (const use of weight.uses) {
      const features = addFeatures(patch, use, weight, layout);
      const output = patch.freshName(`${use.node.name}/features/${sum}`);
      patch.addNode(
        sum === 'squares' ? sumSquares(patch, features, output, opset) : products(patch, features, output, opset),
      );
      outputs.set(output, weight);
    }
  }
  patch.setOutputs([...outputs.keys()].map((name) => ({ name, type: null })));
  return { model: { ...model, graph: patch.apply() }, outputs };
}

function sumSquares(patch: Patch, features: string, output: string, opset: number) {
  const keep = { keepdims: attributes.int(0) };
  if (opset < 18)
    return makeNode('ReduceSumSquare', output, [features], [output], { ...keep, axes: attributes.ints([0]) });
  const axes = patch.freshName(`${output}/axes`);
  patch.setInitializer(int64Tensor(axes, [1], [0]));
  return makeNode('ReduceSumSquare', output, [features, axes], [output], keep);
}

function products(patch: Patch, features: string, output: string, opset: number) {
  const inputs = [features, features];
  if (opset < 11) {
    // What is added may be left out from opset 11 on.
    const added = patch.freshName(`${output}/added`);
    patch.setInitializer(tensorFromArray(added, zeros('float32', [1])));
    inputs.push(added);
  }
  return makeNode('Gemm', output, inputs, [output], { transA: attributes.int(1) });
}

async function sumOver(
  session: Session,
  outputs: ReadonlyMap<string, Weight>,
  sums: Map<Weight, Float64Array>,
  samples: number,
  { dataset }: PruneContext,
  work: Work,
): Promise<void> {
  const split = (dataset as Dataset).calibration;
  if (split === null)
    throw new LatheError({ who: 'prune', what: 'needs calibration data, the dataset has none', code: 'usage' });
  const { meta, runSize } = dataset as Dataset;
  const size = meta.feed === 'element' ? 1 : (runSize ?? Math.min(meta.batch, 32));
  const rows = evenlySpaced(split.samples, samples, meta.feed === 'element' ? 1 : (runSize ?? 1));
  for (let at = 0; at < rows.length; at += size) {
    await new Promise(setImmediate);
    work.signal.throwIfAborted();
    const wanted = rows.slice(at, at + size);
    const batch = size === 1 ? await split.read(wanted[0] as number, 1) : await split.gather(wanted);
    const results = await session.run(batch.feeds, [...outputs.keys()]);
    for (const [name, weight] of outputs) add(sums, weight, (results[name] as NdArray<'float32'>).data, name);
    work.progress({
      phase: 'Observing',
      fraction: (at + wanted.length) / rows.length,
      detail: `${at + wanted.length} of ${rows.length} samples`,
    });
  }
}

/** Row numbers spread over the split; whole runs where the model fixes their size. */
function evenlySpaced(total: number, limit: number, runSize: number): number[] {
  const taken = Math.min(total, limit);
  const count = Math.max(runSize, taken - (taken % runSize));
  return Array.from({ length: count }, (_, at) => Math.floor((at * total) / count));
}

function add(sums: Map<Weight, Float64Array>, weight: Weight, values: Float32Array, name: string): void {
  const sum = sums.get(weight) ?? new Float64Array(values.length);
  sums.set(weight, sum);
  for (let i = 0; i < values.length; i++) sum[i]! += values[i]!;
  if (!Number.isFinite(sum[0]))
    throw new LatheError({
      who: `value "${name}"`,
      what: 'holds NaN or infinite numbers on the calibration data',
      next: 'check preprocessing, or exclude the node',
    });
}
