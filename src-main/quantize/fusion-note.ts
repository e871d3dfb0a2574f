/** What the runtime of this machine made of the pairs, in sentences for the log. */

import { type FusionReport, fusionReport, type Orphan } from '../inspect';
import type { Model } from '../onnx/ir';
import { hasIntegerKernel } from './place';

export async function fusionNote(model: Model): Promise<string> {
  return noteOfReport(await fusionReport(model, { level: 'extended' }));
}

/** Counts the kernels, and the conversions that remain with the reason for each. */
export function noteOfReport({ byPrecision, orphans, edgePairs }: FusionReport): string {
  const kernels = `onnxruntime runs ${byPrecision.int8 ?? 0} integer kernels`;
  if (orphans.length === 0) return `${kernels}; every Q/DQ pair fused (${edgePairs} conversions at the edges).`;
  const counts = new Map<string, number>();
  for (const orphan of orphans) counts.set(reasonFor(orphan), (counts.get(reasonFor(orphan)) ?? 0) + 1);
  const reasons = [...counts].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${count} ${reason}`);
  const plural = orphans.length === 1 ? 'conversion remains' : 'conversions remain';
  return `${kernels}; ${orphans.length} ${plural} between integers and floats: ${reasons.join('; ')}.`;
}

/** Why a conversion stayed: it stands between a kernel of integers and an operator of floats. */
function reasonFor({ op, of, between }: Orphan): string {
  if (of === 'weight') return `of a weight, in every run, before ${names(between.consumers)}`;
  const isBehindFloats = op === 'QuantizeLinear';
  const floats = isBehindFloats ? [between.producer ?? 'the input'] : between.consumers;
  const why = floats.some(hasIntegerKernel) ? 'which stays in float here' : 'which has no integer kernel';
  return `${isBehindFloats ? 'behind' : 'before'} ${names(floats)}, ${why}`;
}

function names(operators: readonly string[]): string {
  return [...new Set(operators)].join(' and ');
}
