import { Group, Loader, SegmentedControl, Text } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StepKindName } from '../../../src-main/contract';
import type { ParetoWords, PlotAxis, PlotPoint } from '../../charts/pareto-option';
import { bytes, difference, metric, milliseconds, tick } from '../../components/format';
import { useMetricName } from '../../components/metric-name';
import { Panel } from '../../components/panel';
import { useStudioWords } from '../../components/studio-words';
import { hover, select, useSelection } from '../../studio/selection';
import { useStudio } from '../../studio/store';
import { overBudget, useBudgets } from './budgets';
import { type CompareRow, insideNoise, type Quality, type QualityKind, stepKindsOf } from './rows';

const ParetoChart = lazy(() => import('../../charts/pareto-chart'));
type Cost = 'latency' | 'size';
type Span = 'all' | 'near';
/** Leaves the first rows of the table in sight on a laptop. */
const plotHeight = 'clamp(260px, 38vh, 440px)';
/** How far below the baseline the near view goes, as a share: ten points. */
const nearSpan = 0.1;

/** The scatter: quality against one cost, the other cost as the size of the point. */
export function PlotPanel({ rows, quality }: { rows: readonly CompareRow[]; quality: QualityKind }) {
  const { t } = useTranslation();
  const [cost, setCost] = useState<Cost>('latency');
  const [span, setSpan] = useState<Span>('all');
  const { hovered, selected } = useSelection();
  const budgets = useBudgets();
  const other: Cost = cost === 'latency' ? 'size' : 'latency';
  const words = useWords();
  const first = rows.find((row) => row.quality !== null)?.quality ?? null;
  const near = first?.unit === 'share' ? (rows.find((row) => row.baseline)?.quality ?? null) : null;
  const horizontal = useCostAxis(cost);
  const costInstead = useCostAxis(other);
  const qualityAxis = useQualityAxis(quality, first, span === 'near' ? near : null);
  const vertical = first === null ? costInstead : qualityAxis;
  const points = useMemo(
    () => rows.flatMap((row) => plotPoint(row, cost, other, first !== null, overBudget(row, budgets).length === 0)),
    [rows, cost, other, first, budgets],
  );
  const below = points.filter((point) => vertical.from !== null && point.y < vertical.from).length;
  return (
    <Panel
      title={t('plot.title', { vertical: vertical.name, horizontal: t(`plot.inTitle.${cost}`) })}
      note={first === null ? t('plot.noQuality') : t('plot.note', { other: t(`plot.inTitle.${other}`) })}
      actions={
        <>
          {near !== null && (
            <SegmentedControl
              aria-label={t('plot.span')}
              value={span}
              onChange={(value) => setSpan(value as Span)}
              data={[
                { value: 'all', label: t('plot.all') },
                { value: 'near', label: t('plot.near') },
              ]}
            />
          )}
          <SegmentedControl
            aria-label={t('plot.axis')}
            value={cost}
            onChange={(value) => setCost(value as Cost)}
            data={[
              { value: 'latency', label: t('plot.latency') },
              { value: 'size', label: t('plot.size') },
            ]}
          />
        </>
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
            horizontal: horizontal.name,
            points: points.length,
            front: rows
              .filter((row) => row.pareto)
              .map((row) => row.name)
              .join(', '),
          })}
          points={points}
          horizontal={horizontal}
          vertical={vertical}
          words={words}
          hovered={hovered}
          selected={selected}
          onHover={hover}
          onSelect={select}
        />
      </Suspense>
      <Text size="xs" c="dimmed" ta="center">
        {[
          ...(below > 0 ? [t('plot.below', { count: below })] : []),
          ...(points.length < rows.length ? [t('plot.left', { count: rows.length - points.length })] : []),
        ].join(' ')}
      </Text>
    </Panel>
  );
}

function useCostAxis(cost: Cost): PlotAxis {
  const { t } = useTranslation();
  const { milliseconds: limitMs, megabytes } = useBudgets();
  return useMemo(() => {
    const axis = { name: t(`plot.${cost}`), better: 'low', from: null, to: null } as const;
    return cost === 'latency'
      ? { ...axis, format: (value) => `${tick(value)}\u00a0ms`, limit: limitMs }
      : { ...axis, format: bytes, limit: megabytes === null ? null : megabytes * 1e6 };
  }, [t, cost, limitMs, megabytes]);
}

/** @param near the baseline, where only what lies near it is wanted */
function useQualityAxis(quality: QualityKind, first: Quality | null, near: Quality | null): PlotAxis {
  const { t } = useTranslation();
  const metricName = useMetricName();
  return useMemo(
    () => ({
      name: quality.kind === 'metric' ? metricName(quality.name, quality.title) : t('evaluation.agreement'),
      better: first?.better ?? 'high',
      format: (value) => (first?.unit === 'share' ? `${tick(value * 100)}\u00a0%` : tick(value)),
      limit: null,
      from: near === null ? null : Math.max(0, Math.round((near.value - nearSpan) * 100) / 100),
      to: first?.unit === 'share' ? 1 : null,
    }),
    [t, metricName, quality, first, near],
  );
}

function useWords(): ParetoWords {
  const { t } = useTranslation();
  const word = useStudioWords();
  const methods = useStudio((state) => state.methods);
  return useMemo(
    () => ({
      front: t('plot.front'),
      baseline: t('compare.baseline'),
      insideNoise: t('plot.insideNoise'),
      differs: t('plot.differs'),
      budget: t('plot.budget'),
      kinds: {
        ...Object.fromEntries(methods.map(({ kind, title }) => [kind, word(title)])),
        mixed: t('plot.mixed'),
        other: t('plot.other'),
      },
    }),
    [t, word, methods],
  );
}

/** Tidying is what most recipes begin with: it gives a variant its colour only where there is nothing else. */
function telling(kinds: readonly StepKindName[]): readonly StepKindName[] {
  const others = kinds.filter((kind) => kind !== 'clean');
  return others.length > 0 ? others : kinds;
}

function plotPoint(row: CompareRow, cost: Cost, other: Cost, hasQuality: boolean, fits: boolean): PlotPoint[] {
  const { evaluation, quality } = row;
  const costs: Record<Cost, number> = { latency: row.latencyMs, size: evaluation.bytes };
  if (hasQuality && quality === null) return [];
  const kinds = telling(stepKindsOf(row));
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
        milliseconds(row.latencyMs),
        bytes(evaluation.bytes),
        ...(quality === null ? [] : [metric(quality.value, quality.unit)]),
        ...(quality?.difference == null ? [] : [difference(quality.difference.value, quality.unit)]),
      ],
    },
  ];
}
