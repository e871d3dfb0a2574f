/** What the runtime of this machine made of the pairs, in a sentence for the log. */

import { fusionReport } from '../inspect';
import type { Model } from '../onnx/ir';

export async function fusionNote(model: Model): Promise<string> {
  const { byPrecision, orphans, edgePairs } = await fusionReport(model, { level: 'extended' });
  const kernels = `onnxruntime runs ${byPrecision.int8 ?? 0} integer kernels`;
  if (orphans.length === 0) return `${kernels}; every Q/DQ pair fused (${edgePairs} conversions at the edges).`;
  const operators = new Map<string, number>();
  for (const { between } of orphans)
    for (const op of new Set([between.producer, ...between.consumers]))
      if (op !== null) operators.set(op, (operators.get(op) ?? 0) + 1);
  const around = [...operators].sort((a, b) => b[1] - a[1]).slice(0, 4);
  return `${kernels}; ${orphans.length} conversions between integers and floats remain, most around ${around.map(([op]) => op).join(', ')}.`;
}
