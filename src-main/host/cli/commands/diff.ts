import type { DiffReport, NodeChange, WeightChange } from '../../../contract';
import { defineCommand } from '../command';
import { formatBytes, formatCount, formatShare } from '../format';
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
  const { before, after, added, removed, changed, weights, same } = report;
  const lines = [
    `${before.path} → ${after.path}`,
    ...(report.ops.length === 0 ? [] : [opTable(report), '']),
    ...removed.map(({ op, name }) => `- ${op} ${name}`),
    ...added.map(({ op, name }) => `+ ${op} ${name}`),
    ...changed.map(({ op, name, changes }) => `~ ${op} ${name}: ${changes.map(changeText).join('; ')}`),
    ...weights.map((weight) => `~ weight ${weight.name}: ${weightText(weight)}`),
    leftOutLine(report.leftOut, 'differences'),
    factLines([
      ['nodes', `${same} the same, ${changed.length} changed, ${removed.length} removed, ${added.length} added`],
      [
        'weights',
        `${weights.length} differ; ${formatBytes(before.weightBytes)} → ${formatBytes(after.weightBytes)}, ${formatCount(before.parameters)} → ${formatCount(after.parameters)} parameters`,
      ],
      ...report.interface.map((sentence): [string, string] => ['interface', sentence]),
    ]),
  ];
  return lines.filter((line) => line !== null).join('\n');
}

function changeText({ of, name, before, after }: NodeChange['changes'][number]): string {
  const what =
    of === 'precision' ? `input ${name} in` : of === 'input' ? `input ${name}` : of === 'attribute' ? name : of;
  const absent = of === 'precision' ? 'its own type' : 'absent';
  return `${what} ${before ?? absent} → ${after ?? absent}`;
}

function weightText({ before, after, zeros, distance }: WeightChange): string {
  if (before === null) return `new, ${after}`;
  if (after === null) return `gone, was ${before}`;
  const values = before === after ? `${after}, other values` : `${before} → ${after}`;
  const moved = distance === null ? '' : `, ${formatShare(distance)} of its norm away`;
  return zeros === null
    ? values
    : `${values}${moved}, zeros ${formatShare(zeros.before)} → ${formatShare(zeros.after)}`;
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
