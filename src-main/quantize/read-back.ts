/**
 * Places Q/DQ pairs and then reads back what the runtime of this machine made of them: a layer that still runs in
 * floats gets its pairs taken out again, and the result is looked at anew.
 */

import { type FusionReport, fusionReport } from '../inspect';
import type { Graph } from '../onnx/ir';
import type { Placement } from './place';
import type { StaticConfig, StaticQuantizer } from './static-quantizer';

export interface FusedBuild {
  readonly placement: Placement;
  readonly graph: Graph;
  readonly report: FusionReport;
  /** Nodes whose pairs were taken out again, with the kernel that onnxruntime had made of them. */
  readonly removed: ReadonlyMap<string, string>;
}

/** Taking some out may leave others without a partner; two rounds have always been enough. */
const mostRounds = 3;

/**
 * The int8 graph without pairs that do not fuse.
 * @param keepFloat nodes that are left in float from the beginning
 */
export async function buildFused(
  quantizer: StaticQuantizer,
  config: StaticConfig,
  signal: AbortSignal,
  keepFloat: ReadonlySet<string> = new Set(),
): Promise<FusedBuild> {
  let best = await attempt(quantizer, config, keepFloat, new Map());
  for (let round = 0; round < mostRounds; round++) {
    signal.throwIfAborted();
    const unfused = unfusedUnits(best);
    if (unfused.size === 0) break;
    const next = await attempt(quantizer, config, keepFloat, new Map([...best.removed, ...unfused]));
    if (next.report.orphans.length > best.report.orphans.length) break;
    best = next;
  }
  return best;
}

async function attempt(
  quantizer: StaticQuantizer,
  config: StaticConfig,
  keepFloat: ReadonlySet<string>,
  removed: ReadonlyMap<string, string>,
): Promise<FusedBuild> {
  const placement = quantizer.placement(new Set([...keepFloat, ...removed.keys()]), config.wide);
  const graph = quantizer.build(placement, config);
  const report = await fusionReport(quantizer.modelOf(graph), { level: 'extended', types: quantizer.typesIn(graph) });
  return { placement, graph, report, removed };
}

/** Nodes that were to run on integers and run in floats, with their kernels. */
function unfusedUnits({ placement, report }: FusedBuild): Map<string, string> {
  const found = new Map<string, string>();
  for (const { node } of placement.units) {
    const kernel = report.kernelOf.get(node.name);
    if (kernel?.precision === 'float32') found.set(node.name, kernel.op);
  }
  return found;
}
