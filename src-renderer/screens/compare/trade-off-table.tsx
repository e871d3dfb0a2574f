import { Badge, Group, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import {
  bytes,
  difference,
  differenceInterval,
  interval,
  metric,
  milliseconds,
  missing,
  percent,
  pValue,
  rate,
  times,
} from '../../components/format';
import { Icon } from '../../components/icon';
import { kindIcon } from '../../components/kind';
import { useMetricName } from '../../components/metric-name';
import { type Column, SortableTable } from '../../components/sortable-table';
import { hover, select, useSelection } from '../../studio/selection';
import { overBudget, useBudgets } from './budgets';
import { type CompareRow, type QualityKind, stepKindsOf } from './rows';

/** Every variant with every figure; the data of the plot. */
export function TradeOffTable({ rows, quality }: { rows: readonly CompareRow[]; quality: QualityKind }) {
  const { t } = useTranslation();
  const { hovered, selected } = useSelection();
  const budgets = useBudgets();
  return (
    <SortableTable
      label={t('compare.table')}
      columns={useColumns(quality)}
      rows={rows}
      rowKey={(row) => row.id}
      selected={selected}
      highlighted={hovered}
      onSelect={(id) => select(id === selected ? null : id)}
      onHover={hover}
      rowStyle={(row) => (overBudget(row, budgets).length > 0 ? { opacity: 0.45 } : undefined)}
    />
  );
}

function useColumns(quality: QualityKind): Column<CompareRow>[] {
  const { t } = useTranslation();
  const metricName = useMetricName();
  const name: Column<CompareRow> = {
    key: 'name',
    title: t('compare.column.name'),
    sortBy: (row) => row.name,
    render: (row) => <NameCell row={row} />,
  };
  const qualityColumns: Column<CompareRow>[] = [
    {
      key: 'quality',
      title: quality.kind === 'metric' ? metricName(quality.name, quality.title) : t('evaluation.agreement'),
      help: quality.kind === 'metric' ? t('compare.help.quality') : t('evaluation.agreementHelp'),
      align: 'right',
      first: 'descending',
      sortBy: (row) => row.quality?.value ?? null,
      render: (row) => <QualityCell row={row} />,
    },
    {
      key: 'difference',
      title: t('compare.column.difference'),
      help: t('compare.help.difference'),
      align: 'right',
      first: 'descending',
      sortBy: (row) => row.quality?.difference?.value ?? null,
      render: (row) => <DifferenceCell row={row} />,
    },
  ];
  const costs: Column<CompareRow>[] = [
    {
      key: 'latency',
      title: t('compare.column.latency'),
      help: t('compare.help.latency'),
      align: 'right',
      sortBy: (row) => row.latencyMs,
      render: (row) => <Two main={milliseconds(row.latencyMs)} small={`p90 ${milliseconds(row.latencyP90Ms)}`} />,
    },
    {
      key: 'speedup',
      title: t('compare.column.speedup'),
      help: t('compare.help.speedup'),
      align: 'right',
      first: 'descending',
      sortBy: (row) => row.evaluation.speedup?.value ?? null,
      render: (row) => <SpeedupCell row={row} />,
    },
    {
      key: 'size',
      title: t('compare.column.size'),
      help: t('compare.help.size'),
      align: 'right',
      sortBy: (row) => row.evaluation.bytes,
      render: (row) => (
        <Two main={bytes(row.evaluation.bytes)} small={row.baseline ? undefined : percent(row.bytesRatio, 0)} />
      ),
    },
    {
      key: 'deflated',
      title: t('compare.column.deflated'),
      help: t('compare.help.deflated'),
      align: 'right',
      sortBy: (row) => row.evaluation.deflatedBytes,
      render: (row) => bytes(row.evaluation.deflatedBytes),
    },
    {
      key: 'memory',
      title: t('compare.column.memory'),
      help: t('evaluation.memoryHelp'),
      align: 'right',
      sortBy: (row) => row.evaluation.peakRssBytes,
      render: ({ evaluation: { peakRssBytes } }) => (peakRssBytes === null ? missing : bytes(peakRssBytes)),
    },
    {
      key: 'throughput',
      title: t('compare.column.throughput'),
      help: t('compare.help.throughput'),
      align: 'right',
      first: 'descending',
      sortBy: (row) => row.evaluation.throughput,
      render: (row) => rate(row.evaluation.throughput),
    },
  ];
  return [name, ...(quality.kind === 'none' ? [] : qualityColumns), ...costs];
}

function NameCell({ row }: { row: CompareRow }) {
  const { t } = useTranslation();
  return (
    <Group gap={6} wrap="nowrap" miw={150}>
      <Text span size="sm" fw={row.baseline ? 600 : 500} truncate maw={280} title={row.name}>
        {row.name}
      </Text>
      <Group gap={1} wrap="nowrap" c="dimmed">
        {stepKindsOf(row).map((kind) => (
          <Icon key={kind} name={kindIcon[kind]} size={13} />
        ))}
      </Group>
      {row.baseline && (
        <Badge size="xs" color="gray" variant="light" tt="none" flex="none">
          {t('compare.baseline')}
        </Badge>
      )}
      {row.pareto && (
        <Tooltip label={t('compare.help.front')} multiline maw={280}>
          <Badge size="xs" color="teal" variant="light" tt="none" flex="none">
            {t('compare.front')}
          </Badge>
        </Tooltip>
      )}
      {row.evaluation.warnings.length > 0 && (
        <Tooltip label={row.evaluation.warnings.map((warning) => warning.message).join(' ')} multiline maw={360}>
          <Text span c="var(--mantine-color-error)" lh={1} role="img" aria-label={t('compare.warned')}>
            <Icon name="warning" size={14} />
          </Text>
        </Tooltip>
      )}
    </Group>
  );
}

function QualityCell({ row: { quality } }: { row: CompareRow }) {
  if (quality === null) return missing;
  return (
    <Two
      main={metric(quality.value, quality.unit)}
      small={quality.ci95 === null ? undefined : interval(quality.ci95, quality.unit)}
    />
  );
}

function DifferenceCell({ row: { quality } }: { row: CompareRow }) {
  const { t } = useTranslation();
  if (quality?.difference == null) return missing;
  const { value, ci95, p, insideNoise } = quality.difference;
  const text = t('compare.differenceText', { interval: differenceInterval(ci95, quality.unit), p: pValue(p) });
  return (
    <Tooltip label={text} multiline maw={320}>
      <span>
        <Two main={difference(value, quality.unit)} small={insideNoise ? t('compare.insideNoise') : pValue(p)} />
      </span>
    </Tooltip>
  );
}

function SpeedupCell({ row: { evaluation, baseline } }: { row: CompareRow }) {
  const { t } = useTranslation();
  if (evaluation.speedup === null || baseline) return missing;
  const { value, ci95, insideNoise } = evaluation.speedup;
  const slower = value < 1 && !insideNoise;
  return (
    <Tooltip label={t('compare.speedupText', { low: times(ci95[0]), high: times(ci95[1]) })}>
      <span style={slower ? { color: 'var(--mantine-color-error)' } : undefined}>
        <Two
          main={times(value)}
          small={insideNoise ? t('compare.insideNoise') : slower ? t('compare.slower') : undefined}
        />
      </span>
    </Tooltip>
  );
}

/** A figure and, smaller, what belongs to it. */
function Two({ main, small }: { main: string; small: string | undefined }) {
  return (
    <>
      <Text span size="sm" inherit style={{ whiteSpace: 'nowrap' }}>
        {main}
      </Text>
      {small !== undefined && (
        <Text size="xs" c="dimmed" lh={1.2} style={{ whiteSpace: 'nowrap' }}>
          {small}
        </Text>
      )}
    </>
  );
}
