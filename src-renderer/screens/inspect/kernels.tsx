import { Alert, List, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { KernelRow, KernelsReport, Precision, ProfileReport } from '../../../src-main/contract';
import { Asked } from '../../components/asked';
import { Figure, Figures } from '../../components/figure';
import { integer, milliseconds, missing, percent } from '../../components/format';
import { Icon } from '../../components/icon';
import { LongTable } from '../../components/long-table';
import { Panel } from '../../components/panel';
import { ShareBar } from '../../components/share-bar';
import type { Column } from '../../components/sortable-table';
import { useAsked } from '../../studio/answers';
import { MeasureTime, useTimeNote } from './measure-time';
import { useProfile } from './use-profile';

/** What onnxruntime made of the graph: its kernels, their precision, and what no kernel took in. */
export function Kernels({ path }: { path: string }) {
  const { t } = useTranslation();
  const params = useMemo(() => ({ model: path }), [path]);
  const asked = useAsked('kernels', params);
  return (
    <Asked {...asked} label={t('inside.kernelsLabel')}>
      {(report) => <Report report={report} path={path} />}
    </Asked>
  );
}

function Report({ report, path }: { report: KernelsReport; path: string }) {
  const { t } = useTranslation();
  const profile = useProfile(path);
  const result = profile.answer.state === 'done' ? profile.answer.result : null;
  const timeNote = useTimeNote(result);
  return (
    <Stack gap="md">
      <Orphans report={report} />
      <Panel title={t('inside.made')} note={`${report.runtime} · ${report.cpu}`}>
        <Stack gap="md">
          <Figures>
            <Figure
              label={t('inside.kernelCount')}
              value={integer(kernelCount(report))}
              note={t('inside.ofNodes', { count: report.nodes })}
              help={t('inside.kernelHelp')}
            />
            <Figure label={t('inside.foldedNodes')} value={integer(report.folded)} help={t('inside.foldedHelp')} />
            <Figure label={t('inside.edges')} value={integer(report.edgePairs)} help={t('inside.edgesHelp')} />
            <Figure label={t('inside.orphans')} value={integer(report.orphans.length)} help={t('inside.orphansHelp')} />
          </Figures>
          <ShareBar
            label={t('inside.byPrecision')}
            parts={report.precisions.map(({ precision, kernels }) => ({
              name: precision,
              size: kernels,
              text: t('inside.kernelsOf', { count: kernels }),
              color: precisionColors[precision],
            }))}
          />
        </Stack>
      </Panel>
      <Panel
        title={t('inside.kernelTable')}
        note={timeNote}
        actions={result === null && <MeasureTime profile={profile} />}
      >
        <KernelTable report={report} profile={result} />
      </Panel>
    </Stack>
  );
}

/** All kernels: the list may be cut, the counts by precision are not. */
const kernelCount = ({ precisions }: KernelsReport): number =>
  precisions.reduce((sum, { kernels }) => sum + kernels, 0);

const precisionColors: Readonly<Record<Precision, string>> = {
  int8: 'var(--mantine-color-teal-6)',
  int4: 'var(--mantine-color-cyan-6)',
  float16: 'var(--mantine-color-grape-6)',
  float32: 'var(--mantine-color-indigo-6)',
  float64: 'var(--mantine-color-orange-6)',
  integer: 'var(--mantine-color-gray-6)',
  unknown: 'var(--mantine-color-gray-4)',
};

function Orphans({ report }: { report: KernelsReport }) {
  const { t } = useTranslation();
  if (report.orphans.length === 0) return null;
  const shown = report.orphans.slice(0, 8);
  return (
    <Alert
      color="yellow"
      variant="light"
      icon={<Icon name="warning" />}
      title={t('inside.orphansTitle', { count: report.orphans.length })}
    >
      <Text size="sm" mb={4}>
        {t('inside.orphansAdvice')}
      </Text>
      <List size="xs" spacing={2} ff="monospace">
        {shown.map(({ node, of, producer, consumers }) => (
          <List.Item key={node}>
            {node} · {t(`inside.orphan.${of}`)} · {producer ?? missing} → {consumers.join(', ') || missing}
          </List.Item>
        ))}
        {report.orphans.length > shown.length && (
          <List.Item>{t('inside.andMore', { count: report.orphans.length - shown.length })}</List.Item>
        )}
      </List>
    </Alert>
  );
}

type Row = KernelRow & { readonly milliseconds?: number; readonly share?: number };

function KernelTable({ report, profile }: { report: KernelsReport; profile: ProfileReport | null }) {
  const { t } = useTranslation();
  const isTimed = profile !== null;
  const columns = useMemo<Column<Row>[]>(
    () => [
      { key: 'op', title: t('inside.kernel'), sortBy: (row) => row.op, render: (row) => row.op },
      {
        key: 'precision',
        title: t('inside.precision'),
        sortBy: (row) => row.precision,
        render: (row) => row.precision,
      },
      {
        key: 'originals',
        title: t('inside.standsFor'),
        sortBy: (row) => row.originals.length,
        first: 'descending',
        render: (row) => <Originals names={row.originals} />,
      },
      ...(isTimed ? timeColumns(t('inside.time'), t('inside.share')) : []),
    ],
    [t, isTimed],
  );
  const rows: readonly Row[] = profile?.kernels ?? report.kernels;
  return (
    <LongTable
      key={isTimed ? 'timed' : 'plain'}
      label={t('inside.kernelTable')}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.name}
      textOf={textOf}
      leftOut={report.leftOut}
    />
  );
}

const textOf = ({ op, precision, originals, name }: Row): string => [op, precision, name, ...originals].join(' ');

function timeColumns(time: string, share: string): Column<Row>[] {
  const figure = { align: 'right', first: 'descending' } as const;
  return [
    {
      ...figure,
      key: 'time',
      title: time,
      sortBy: (row) => row.milliseconds ?? null,
      render: (row) => (row.milliseconds === undefined ? missing : milliseconds(row.milliseconds)),
    },
    {
      ...figure,
      key: 'share',
      title: share,
      sortBy: (row) => row.share ?? null,
      render: (row) => (row.share === undefined ? missing : percent(row.share)),
    },
  ];
}

function Originals({ names }: { names: readonly string[] }) {
  const { t } = useTranslation();
  if (names.length === 0)
    return (
      <Text size="xs" c="dimmed">
        {t('inside.addedByRuntime')}
      </Text>
    );
  return (
    <Text ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
      {names.join(', ')}
    </Text>
  );
}
