import type { ModelReport } from '../../../contract';
import { defineCommand, parseDims } from '../command';
import { formatBytes, formatCount } from '../format';
import { withStudio } from '../studio';
import { factLines } from '../table';
import * as rows from './rows';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Tells what a model is: inputs, outputs, ops, weights, work, and what matters for compression.',
  arguments: 'MODEL',
  positionals: { min: 1, max: 1 },
  options: { dim: rows.dim, json: rows.json },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const [model] = call.positionals as [string];
      const dims = parseDims('inspect', call.options.dim);
      const report = await client.call('inspect', { model, dims }, { signal, progress: terminal.progress });
      if (call.options.json) terminal.printJson(report);
      else terminal.print(describeReport(report));
    }),
});

function describeReport(report: ModelReport): string {
  const values = (list: ModelReport['inputs']): string =>
    list
      .map(({ name, type, shape }) => `${name} ${type}[${shape?.map((dim) => dim ?? '?').join(', ') ?? '…'}]`)
      .join('\n        ');
  const missing =
    report.symbolicDims.length === 0
      ? 'the runtime can load it'
      : `${report.symbolicDims.map((name) => `--dim ${name}=SIZE`).join(' ')} is given`;
  const macs = report.macs === null ? `unknown until ${missing}` : formatCount(report.macs);
  const byCount = (record: Record<string, number>): [string, number][] =>
    Object.entries(record).sort((a, b) => b[1] - a[1]);
  return [
    report.path,
    factLines([
      ['IR', String(report.irVersion)],
      [
        'opsets',
        Object.entries(report.opsets)
          .map(([domain, version]) => `${domain} ${version}`)
          .join(', '),
      ],
      ['producer', report.producer === '' ? '–' : report.producer],
      ['size', formatBytes(report.bytes)],
      ['parameters', formatCount(report.parameters)],
      [
        'weights',
        byCount(report.bytesByType)
          .map(([type, bytes]) => `${type} ${formatBytes(bytes)}`)
          .join(', '),
      ],
      ['MACs', macs],
      [
        'nodes',
        `${report.nodes}: ${byCount(report.ops)
          .map(([op, count]) => `${count} ${op}`)
          .join(', ')}`,
      ],
    ]),
    `inputs  ${values(report.inputs)}`,
    `outputs ${values(report.outputs)}`,
    ...report.warnings.map(({ message }) => `! ${message}`),
  ].join('\n');
}
