import type { NodesReport, TypeSource } from '../../../contract';
import { defineCommand, parseDims } from '../command';
import { formatBytes, formatCount } from '../format';
import { withStudio } from '../studio';
import { factLines, leftOutLine, textTable } from '../table';
import * as rows from './rows';

export const nodes = defineCommand({
  name: 'nodes',
  summary:
    'Tells what each node of a model costs: multiply–accumulates, weights, and memory of activations while it runs. With data, its first samples are run once where shapes do not follow from the graph.',
  arguments: 'MODEL',
  positionals: { min: 1, max: 1 },
  options: { data: rows.data, dim: rows.dim, json: rows.json },
  run: (call) =>
    withStudio(call, async ({ client, terminal, signal }) => {
      const [model] = call.positionals as [string];
      const { data = null, dim, json } = call.options;
      const params = { model, data, dims: parseDims('nodes', dim) };
      const report = await client.call('nodes', params, { signal, progress: terminal.progress });
      if (json) terminal.printJson(report);
      else terminal.print(describeNodes(report));
    }),
});

export function describeNodes(report: NodesReport): string {
  const { inferred, observed, forced, unknown } = report.values;
  const seen = report.observedOn === null ? '' : `, ${observed} (~) seen in one run of ${report.observedOn}`;
  const aside = forced === 0 ? '' : `, ${forced} (≈) seen in bodies that it passed by, run by themselves`;
  return [
    report.path,
    nodeTable(report),
    leftOutLine(report.leftOut, 'nodes'),
    '',
    opTable(report),
    '',
    factLines([
      ['MACs', countOrUnknown(report.macs)],
      ['weights', `${formatCount(report.parameters)} parameters, ${formatBytes(report.weightBytes)}`],
      [
        'activations',
        report.peak === null
          ? 'unknown: some shapes are not known'
          : `at most ${formatBytes(report.peak.bytes)} at one time, at ${report.peak.node}`,
      ],
      ['shapes', `${inferred} follow from the graph${seen}${aside}, ${unknown} unknown`],
    ]),
    ...report.notes.map((note) => `! ${note}`),
  ]
    .filter((part) => part !== null)
    .join('\n');
}

/** Before a shape that was seen in a run and may be another in the next. */
const markOf: Partial<Record<TypeSource, string>> = { observed: '~', forced: '≈' };

function nodeTable({ nodes: list }: NodesReport): string {
  return textTable({
    columns: [
      { title: 'Op', align: 'left' },
      { title: 'Node', align: 'left' },
      { title: 'Gives', align: 'left' },
      { title: 'MACs', align: 'right' },
      { title: 'Parameters', align: 'right' },
      { title: 'Output', align: 'right' },
      { title: 'Alive', align: 'right' },
    ],
    rows: list.map((node) => [
      node.op,
      [node.within, node.name].filter((part) => part !== '').join(' › '),
      node.output === null
        ? '–'
        : `${markOf[node.output.from] ?? ''}${node.output.type}[${node.output.shape?.map((dim) => dim ?? '?').join(', ') ?? '…'}]`,
      countOrUnknown(node.macs),
      node.parameters === 0 ? '' : formatCount(node.parameters),
      bytesOrUnknown(node.outputBytes),
      bytesOrUnknown(node.liveBytes),
    ]),
  });
}

function opTable({ ops }: NodesReport): string {
  return textTable({
    columns: [
      { title: 'Op', align: 'left' },
      { title: 'Nodes', align: 'right' },
      { title: 'MACs', align: 'right' },
      { title: 'Parameters', align: 'right' },
      { title: 'Weights', align: 'right' },
      { title: 'Outputs', align: 'right' },
    ],
    rows: ops.map((op) => [
      op.op,
      String(op.nodes),
      countOrUnknown(op.macs),
      formatCount(op.parameters),
      formatBytes(op.weightBytes),
      bytesOrUnknown(op.outputBytes),
    ]),
  });
}

const countOrUnknown = (count: number | null): string => (count === null ? '?' : count === 0 ? '' : formatCount(count));
const bytesOrUnknown = (bytes: number | null): string => (bytes === null ? '?' : formatBytes(bytes));
