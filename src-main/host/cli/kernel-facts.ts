/** What the commands say of kernels. */

import type { KernelRow, KernelsReport } from '../../contract';
import { factLines } from './table';

const namesShown = 4;

/** `/c1/Conv, /b1/BatchNormalization, /Relu`; what the runtime added stands for nothing. */
export function originalsText({ originals }: KernelRow): string {
  if (originals.length === 0) return '– (added by the runtime)';
  const rest = originals.length - namesShown;
  return rest <= 0 ? originals.join(', ') : `${originals.slice(0, namesShown).join(', ')} and ${rest} more`;
}

export function kernelFacts(report: KernelsReport): string {
  const { nodes, folded, ops, orphans, edgePairs } = report;
  const total = ops.reduce((sum, op) => sum + op.kernels, 0);
  const kinds = ops.map(({ op, precision, kernels }) => `${kernels} ${op} (${precision})`).join(', ');
  return [
    factLines([
      ['kernels', `${total} for ${nodes} nodes, ${folded} of which were folded or removed: ${kinds}`],
      ['Q/DQ', `${edgePairs} at the edges, ${orphans.length} elsewhere that run at each inference`],
      ['runtime', `${report.runtime}, ${report.cpu}`],
    ]),
    ...orphans.map(
      ({ node, of, producer, consumers }) =>
        `! ${node} stays (${of}; between ${producer ?? 'a weight or input'} and ${consumers.join(', ') || 'nothing'})`,
    ),
  ].join('\n');
}
