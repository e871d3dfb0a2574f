import type { DiffReport } from '../../../contract';
import { defineCommand } from '../command';
import { withStudio } from '../studio';
import { factLines, leftOutLine, textTable } from '../table';
import * as rows from './rows';

export const diff = defineCommand({
  name: 'diff',
  summary:
    'Tells what differs between two models: operators, attributes, weights, precision. Nodes are matched by name, then by structure.',
  arguments: 'BEFORE AFTER',
  positionals: { min: 2, max: 2 },
  options: { json: rows.json },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const [before, after] = call.positionals as [string, string];
      const report = await client.call('diff', { before, after }, { signal, progress: terminal.progress });
      if (call.options.json) terminal.printJson(report);
      else terminal.print(describeDiff(report));
    }),
});

export function describeDiff(report: DiffReport): string {
  const { added, removed, changed, weights, same } = report;
  const lines = [
    `${report.before} → ${report.after}`,
    ...report.interface,
    ...(report.ops.length === 0 ? [] : ['', opTable(report), '']),
    ...removed.map(({ op, name }) => `- ${op} ${name}`),
    ...added.map(({ op, name }) => `+ ${op} ${name}`),
    ...changed.map(({ op, before, changes }) => `~ ${op} ${before}: ${changes.join('; ')}`),
    ...weights.map(({ name, before, after }) => `~ weight ${name}: ${weightText(before, after)}`),
    leftOutLine(report.leftOut, 'differences'),
    factLines([
      ['nodes', `${same} the same, ${changed.length} changed, ${removed.length} removed, ${added.length} added`],
      ['weights', `${weights.length} differ`],
    ]),
  ];
  return lines.filter((line) => line !== null).join('\n');
}

function weightText(before: string | null, after: string | null): string {
  if (before === null) return `new, ${after}`;
  if (after === null) return `gone, was ${before}`;
  return before === after ? `${after}, other values` : `${before} → ${after}`;
}

function opTable({ ops }: DiffReport): string {
  return textTable({
    columns: [
      { title: 'Op', align: 'left' },
      { title: 'Removed', align: 'right' },
      { title: 'Added', align: 'right' },
      { title: 'Changed', align: 'right' },
    ],
    rows: ops.map(({ op, removed, added, changed }) => [
      op,
      ...[removed, added, changed].map((count) => (count === 0 ? '' : String(count))),
    ]),
  });
}
