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
  const { before, after, added, removed, weights, same } = report;
  const renamed = report.changed.filter(isOnlyRenamed);
  const changed = report.changed.filter((node) => !isOnlyRenamed(node));
  const lines = [
    `${before.path} → ${after.path}`,
    ...(report.ops.length === 0 ? [] : [opTable(report), '']),
    ...replacementLines(report),
    ...removed.map(({ op, name }) => `- ${op} ${name}`),
    ...added.map(({ op, name }) => `+ ${op} ${name}`),
    ...changed.map(({ op, name, changes }) => `~ ${op} ${name}: ${changesText(changes)}`),
    ...weights.map((weight) => `~ weight ${weight.name}: ${weightText(weight)}`),
    leftOutLine(report.leftOut, 'differences'),
    factLines([
      ['matched', matchedText(report)],
      [
        'nodes',
        `${same} the same, ${renamed.length} renamed only, ${changed.length} changed, ${removed.length} removed, ${added.length} added`,
      ],
      ...report.carriers.map(({ op, removed: gone, added: made }): [string, string] => [
        'precision',
        [gone > 0 && `${gone} ${op} removed`, made > 0 && `${made} ${op} added`].filter(Boolean).join(', '),
      ]),
      [
        'weights',
        `${weights.length} differ; ${formatBytes(before.weightBytes)} → ${formatBytes(after.weightBytes)}, ${formatCount(before.parameters)} → ${formatCount(after.parameters)} parameters`,
      ],
      ...report.interface.map((sentence): [string, string] => ['interface', sentence]),
    ]),
  ];
  return lines.filter((line) => line !== null).join('\n');
}

/** Not told one by one: an exporter that names everything anew changes nothing. */
function isOnlyRenamed({ changes }: NodeChange): boolean {
  return changes.every(({ of }) => of === 'name');
}

/** Shares of the nodes that compute. */
function matchedText({ matched, replaced, carriers, before, after }: DiffReport): string {
  const carried = (kind: 'removed' | 'added'): number => carriers.reduce((total, it) => total + it[kind], 0);
  const sum = (side: 'before' | 'after'): number => replaced.reduce((total, group) => total + group[side].length, 0);
  const share = (nodes: number): string => formatShare(nodes === 0 ? 1 : matched / nodes);
  const shares = `${share(before.nodes - carried('removed'))} of the first, ${share(after.nodes - carried('added'))} of the second`;
  const others = replaced.length === 0 ? '' : `; ${sum('before')} more replaced by ${sum('after')}`;
  return `${matched} nodes: ${shares}${others}`;
}

/** Replacements of the same operators together: `⇒ 13 × 2 ReduceMean + Sub → LayerNormalization: norm …`. */
function replacementLines({ replaced }: DiffReport): string[] {
  const byText = new Map<string, string[]>();
  for (const { text, after } of replaced) {
    byText.set(text, [...(byText.get(text) ?? []), after[0]?.name ?? '']);
  }
  return [...byText].map(([text, [first = '', ...others]]) =>
    others.length === 0 ? `⇒ ${text}: ${first}` : `⇒ ${others.length + 1} × ${text}: ${first} …`,
  );
}

/** Inputs that had their own types before, together: `inputs 0, 1 in uint8, int8`. */
function changesText(changes: NodeChange['changes']): string {
  const quantized = changes.filter(({ of, before }) => of === 'precision' && before === null);
  const others = changes.filter((change) => !quantized.includes(change)).map(changeText);
  if (quantized.length === 0) return others.join('; ');
  const places = `${quantized.length === 1 ? 'input' : 'inputs'} ${quantized.map(({ name }) => name).join(', ')}`;
  return [...others, `${places} in ${quantized.map(({ after }) => after).join(', ')}`].join('; ');
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
