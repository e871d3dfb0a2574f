import { Alert, Badge, Group, List, Stack, Text, Tooltip } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { KernelRow, NodeRow, NodesReport, ProfileReport } from '../../../src-main/contract';
import { Asked } from '../../components/asked';
import { Figure, Figures } from '../../components/figure';
import { bytes, integer, milliseconds, missing, percent, quantity, shape } from '../../components/format';
import { Icon } from '../../components/icon';
import { LongTable } from '../../components/long-table';
import { Panel } from '../../components/panel';
import type { Column } from '../../components/sortable-table';
import { useAsked } from '../../studio/answers';
import { MeasureTime, useTimeNote } from './measure-time';
import { NodePlot } from './node-plot';
import { useConditions } from './subject';
import { useProfile } from './use-profile';

/** What each node costs, as a plot and a table; its time once that was measured. */
export function Nodes({ path }: { path: string }) {
  const { t } = useTranslation();
  const { dims, data } = useConditions();
  const params = useMemo(() => ({ model: path, dims, data }), [path, dims, data]);
  const asked = useAsked('nodes', params);
  return (
    <Asked {...asked} label={t('inside.nodesLabel')}>
      {(report) => <Report report={report} path={path} />}
    </Asked>
  );
}

function Report({ report, path }: { report: NodesReport; path: string }) {
  const { t } = useTranslation();
  const profile = useProfile(path);
  const [filter, setFilter] = useState('');
  const result = profile.answer.state === 'done' ? profile.answer.result : null;
  const timeNote = useTimeNote(result);
  return (
    <Stack gap="md">
      <Notes report={report} />
      <Panel title={t('inside.total')}>
        <Totals report={report} profile={result} />
      </Panel>
      <Panel title={t('inside.where')} note={timeNote} actions={result === null && <MeasureTime profile={profile} />}>
        <NodePlot report={report} profile={result} onChoose={setFilter} />
      </Panel>
      <Panel title={t('inside.nodes')} note={t('inside.nodesNote')}>
        <NodeTable report={report} profile={result} filter={filter} setFilter={setFilter} />
      </Panel>
    </Stack>
  );
}

function Notes({ report }: { report: NodesReport }) {
  const { t } = useTranslation();
  if (report.notes.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" icon={<Icon name="info" />} title={t('inside.notes')}>
      <List size="sm" spacing={4} listStyleType={report.notes.length > 1 ? 'disc' : 'none'}>
        {report.notes.map((note) => (
          <List.Item key={note}>{note}</List.Item>
        ))}
      </List>
    </Alert>
  );
}

function Totals({ report, profile }: { report: NodesReport; profile: ProfileReport | null }) {
  const { t } = useTranslation();
  const { inferred, observed, forced, unknown } = report.values;
  return (
    <Figures>
      <Figure
        label={t('inspect.macs')}
        value={report.macs === null ? t('inside.unknown') : quantity(report.macs)}
        help={t('inside.macsHelp')}
      />
      <Figure label={t('inspect.parameters')} value={quantity(report.parameters)} note={bytes(report.weightBytes)} />
      <Figure
        label={t('inside.peak')}
        value={report.peak === null ? t('inside.unknown') : bytes(report.peak.bytes)}
        note={report.peak?.node}
        help={t('inside.peakHelp')}
      />
      <Figure
        label={t('inside.shapes')}
        value={t('inside.inferred', { count: inferred })}
        note={[
          observed > 0 && t('inside.observed', { count: observed }),
          forced > 0 && t('inside.forced', { count: forced }),
          unknown > 0 && t('inside.unknownShapes', { count: unknown }),
        ]
          .filter((part) => part !== false)
          .join(' · ')}
        help={t('inside.shapesHelp')}
      />
      {profile !== null && (
        <Figure label={t('inside.time')} value={milliseconds(profile.milliseconds)} help={t('inside.timeHelp')} />
      )}
    </Figures>
  );
}

type TimedKernel = ProfileReport['kernels'][number];
interface Row extends NodeRow {
  readonly key: string;
  readonly kernel: TimedKernel | null;
}

interface NodeTableProps {
  readonly report: NodesReport;
  readonly profile: ProfileReport | null;
  readonly filter: string;
  readonly setFilter: (text: string) => void;
}

function NodeTable({ report, profile, filter, setFilter }: NodeTableProps) {
  const { t } = useTranslation();
  const rows = useMemo(() => nodeRows(report, profile), [report, profile]);
  const columns = useColumns(profile !== null);
  return (
    <LongTable
      key={profile === null ? 'costs' : 'times'}
      label={t('inside.nodes')}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.key}
      textOf={textOf}
      leftOut={report.leftOut}
      filter={{ text: filter, set: setFilter }}
      {...(profile === null ? {} : { initialSort: { key: 'share', direction: 'descending' } as const })}
    />
  );
}

const textOf = ({ op, name, within, kernel }: Row): string =>
  [op, name, within, kernel?.op, kernel?.precision].join(' ');

function nodeRows(report: NodesReport, profile: ProfileReport | null): Row[] {
  const kernels = new Map<string, TimedKernel>();
  for (const kernel of profile?.kernels ?? []) for (const name of kernel.originals) kernels.set(name, kernel);
  return report.nodes.map((node) => ({
    ...node,
    key: `${node.within} › ${node.name}`,
    kernel: kernels.get(node.name) ?? null,
  }));
}

function useColumns(isTimed: boolean): Column<Row>[] {
  const { t } = useTranslation();
  return useMemo(() => {
    const figure = { align: 'right', first: 'descending' } as const;
    const timed: Column<Row>[] = [
      {
        ...figure,
        key: 'share',
        title: t('inside.time'),
        help: t('inside.timeColumnHelp'),
        sortBy: ({ kernel }) => kernel?.milliseconds ?? null,
        render: ({ kernel }) => <TimeCell kernel={kernel} />,
      },
      {
        key: 'precision',
        title: t('inside.precision'),
        help: t('inside.precisionHelp'),
        sortBy: ({ kernel }) => kernel?.precision ?? null,
        render: ({ kernel }) => kernel?.precision ?? missing,
      },
    ];
    return [
      { key: 'op', title: t('inspect.op'), sortBy: (row) => row.op, render: (row) => row.op },
      { key: 'name', title: t('inside.node'), sortBy: (row) => row.key, render: (row) => <NameCell row={row} /> },
      { key: 'output', title: t('inside.gives'), render: (row) => <OutputCell row={row} /> },
      {
        ...figure,
        key: 'macs',
        title: t('inside.macs'),
        help: t('inside.macsHelp'),
        sortBy: (row) => row.macs,
        render: ({ macs }) => (macs === null ? t('inside.unknown') : macs === 0 ? missing : quantity(macs)),
      },
      {
        ...figure,
        key: 'parameters',
        title: t('inspect.parameters'),
        sortBy: (row) => row.parameters,
        render: ({ parameters }) => (parameters === 0 ? missing : quantity(parameters)),
      },
      {
        ...figure,
        key: 'output-bytes',
        title: t('inside.outputBytes'),
        help: t('inside.outputHelp'),
        sortBy: (row) => row.outputBytes,
        render: ({ outputBytes }) => (outputBytes === null ? t('inside.unknown') : bytes(outputBytes)),
      },
      {
        ...figure,
        key: 'live',
        title: t('inside.alive'),
        help: t('inside.aliveHelp'),
        sortBy: (row) => row.liveBytes,
        render: ({ liveBytes }) => (liveBytes === null ? t('inside.unknown') : bytes(liveBytes)),
      },
      ...(isTimed ? timed : []),
    ];
  }, [t, isTimed]);
}

function NameCell({ row }: { row: Row }) {
  return (
    <Text ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
      {row.within !== '' && (
        <Text span c="dimmed" inherit>
          {row.within} ›{' '}
        </Text>
      )}
      {row.name}
    </Text>
  );
}

function OutputCell({ row: { output } }: { row: Row }) {
  const { t } = useTranslation();
  if (output === null) return missing;
  return (
    <Group gap={6} wrap="nowrap">
      <Text ff="monospace" fz="xs">
        {output.type}
        {shape(output.shape)}
      </Text>
      {(output.from === 'observed' || output.from === 'forced') && (
        <Tooltip label={t(`inside.${output.from}Help`)} events={{ hover: true, focus: true, touch: true }}>
          <Badge size="xs" variant="light" color={output.from === 'forced' ? 'yellow' : 'gray'}>
            {t(output.from === 'forced' ? 'inside.seenAside' : 'inside.seen')}
          </Badge>
        </Tooltip>
      )}
    </Group>
  );
}

function TimeCell({ kernel }: { kernel: TimedKernel | null }) {
  const { t } = useTranslation();
  if (kernel === null) return <Text fz="xs">{t('inside.folded')}</Text>;
  return (
    <>
      {milliseconds(kernel.milliseconds)}
      <Text span c="dimmed" fz="xs" ml={6} inherit>
        {percent(kernel.share)}
        <Sharers kernel={kernel} />
      </Text>
    </>
  );
}

function Sharers({ kernel }: { kernel: KernelRow }) {
  const { t } = useTranslation();
  const others = kernel.originals.length;
  return others < 2 ? null : <> {t('inside.together', { count: integer(others) })}</>;
}
