import { Group, Loader, SegmentedControl, Text } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PlotAxis, PlotPoint } from '../../charts/pareto-option';
import { bytes, difference, metric, milliseconds } from '../../components/format';
import { useMetricName } from '../../components/metric-name';
import { Panel } from '../../components/panel';
import { hover, select, useSelection } from '../../studio/selection';
import { overBudget, useBudgets } from './budgets';
import { type CompareRow, insideNoise, type QualityKind, stepKindsOf } from './rows';

const ParetoChart = lazy(() => import('../../charts/pareto-chart'));
type Cost = 'latency' | 'size';
const plotHeight = 380;

/** The scatter: quality against one cost, the other cost as the size of the point. */
export function PlotPanel({ rows, quality }: { rows: readonly CompareRow[]; quality: QualityKind }) {
  const { t } = useTranslation();
  const metricName = useMetricName();
  const [cost, setCost] = useState<Cost>('latency');
  const { hovered, selected } = useSelection();
  const budgets = useBudgets();
  const axes: Record<Cost, PlotAxis> = {
    latency: { name: t('plot.latency'), better: 'low', format: milliseconds, limit: budgets.milliseconds },
    size: {
      name: t('plot.size'),
      better: 'low',
      format: bytes,
      limit: budgets.megabytes === null ? null : budgets.megabytes * 1e6,
    },
  };
  const other: Cost = cost === 'latency' ? 'size' : 'latency';
  const first = rows.find((row) => row.quality !== null)?.quality;
  const vertical: PlotAxis =
    first == null
      ? axes[other]
      : {
          name: quality.kind === 'metric' ? metricName(quality.name) : t('evaluation.agreement'),
          better: first.better,
          format: (value) => metric(value, first.unit),
          limit: null,
        };
  const points = useMemo(
    () => rows.flatMap((row) => plotPoint(row, cost, other, first != null, overBudget(row, budgets).length === 0)),
    [rows, cost, other, first, budgets],
  );
  const front = rows.filter((row) => row.pareto).map((row) => row.name);
  return (
    <Panel
      title={t('plot.title', { vertical: vertical.name, horizontal: t(`plot.inTitle.${cost}`) })}
      note={first == null ? t('plot.noQuality') : t('plot.note', { other: t(`plot.inTitle.${other}`) })}
      actions={
        <SegmentedControl
          aria-label={t('plot.axis')}
          value={cost}
          onChange={(value) => setCost(value as Cost)}
          data={[
            { value: 'latency', label: t('plot.latency') },
            { value: 'size', label: t('plot.size') },
          ]}
        />
      }
    >
      <Suspense
        fallback={
          <Group h={plotHeight} justify="center">
            <Loader size="sm" />
          </Group>
        }
      >
        <ParetoChart
          height={plotHeight}
          label={t('plot.label', {
            vertical: vertical.name,
            horizontal: axes[cost].name,
            points: points.length,
            front: front.join(', '),
          })}
          points={points}
          horizontal={axes[cost]}
          vertical={vertical}
          words={{
            front: t('plot.front'),
            baseline: t('compare.baseline'),
            insideNoise: t('plot.insideNoise'),
            differs: t('plot.differs'),
            budget: t('plot.budget'),
          }}
          hovered={hovered}
          selected={selected}
          onHover={hover}
          onSelect={(id) => select(id)}
        />
      </Suspense>
      {points.length < rows.length && (
        <Text size="xs" c="dimmed">
          {t('plot.left', { count: rows.length - points.length })}
        </Text>
      )}
    </Panel>
  );
}

function plotPoint(row: CompareRow, cost: Cost, other: Cost, hasQuality: boolean, fits: boolean): PlotPoint[] {
  const { evaluation, quality } = row;
  const costs: Record<Cost, number> = { latency: evaluation.latencyMs.p50, size: evaluation.bytes };
  if (hasQuality && quality === null) return [];
  const kinds = stepKindsOf(row);
  return [
    {
      id: row.id,
      name: row.name,
      x: costs[cost],
      y: quality?.value ?? costs[other],
      weight: costs[other],
      interval: quality?.ci95 ?? null,
      baseline: row.baseline,
      pareto: row.pareto,
      insideNoise: insideNoise(row),
      kind: row.baseline
        ? 'baseline'
        : kinds.length === 1
          ? (kinds[0] ?? 'other')
          : kinds.length > 1
            ? 'mixed'
            : 'other',
      fits,
      lines: [
        milliseconds(evaluation.latencyMs.p50),
        bytes(evaluation.bytes),
        ...(quality === null ? [] : [metric(quality.value, quality.unit)]),
        ...(quality?.difference == null ? [] : [difference(quality.difference.value, quality.unit)]),
      ],
    },
  ];
}
