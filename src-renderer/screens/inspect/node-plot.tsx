import { Group, Loader, SegmentedControl, Select, Text } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NodesReport, ProfileReport } from '../../../src-main/contract';
import type { Cost } from '../../charts/cost-option';
import { bytes, milliseconds, quantity } from '../../components/format';

const CostChart = lazy(() => import('../../charts/cost-chart'));

type Measure = 'time' | 'macs' | 'parameters' | 'weightBytes' | 'outputBytes';
type By = 'op' | 'node';

export interface NodePlotProps {
  readonly report: NodesReport;
  readonly profile: ProfileReport | null;
  readonly onChoose: (name: string) => void;
}

/** Where the cost is, by operator or node by node. */
export function NodePlot({ report, profile, onChoose }: NodePlotProps) {
  const { t } = useTranslation();
  const [by, setBy] = useState<By>('op');
  const [chosen, setChosen] = useState<Measure | null>(null);
  // A time that was just measured is what one wants to see.
  const measure = chosen ?? (profile === null ? 'macs' : 'time');
  const measures: Measure[] = [
    ...(profile === null ? [] : (['time'] as const)),
    'macs',
    'parameters',
    'weightBytes',
    'outputBytes',
  ];
  const costs = useMemo(() => costsOf(report, profile, measure, by), [report, profile, measure, by]);
  const nodeWord = t(measure === 'time' ? 'inside.byKernel' : 'inside.byNode');
  const isEmpty = costs.every(({ size }) => size === 0);
  return (
    <>
      <Group mb="sm">
        <Select
          aria-label={t('inside.measureBy')}
          size="xs"
          w={220}
          allowDeselect={false}
          data={measures.map((value) => ({ value, label: t(`inside.of.${value}`) }))}
          value={measure}
          onChange={(value) => setChosen(measures.find((known) => known === value) ?? null)}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('inside.by')}
          data={[
            { value: 'op', label: t('inside.byOp') },
            { value: 'node', label: nodeWord },
          ]}
          value={by}
          onChange={(value) => setBy(value === 'node' ? 'node' : 'op')}
        />
      </Group>
      {isEmpty ? (
        <Text size="sm" c="dimmed">
          {t('inside.noCost')}
        </Text>
      ) : (
        <Suspense fallback={<Loader size="sm" aria-label={t('compare.loading')} />}>
          <CostChart
            label={t('inside.plot', {
              of: t(`inside.of.${measure}`),
              by: by === 'op' ? t('inside.byOp') : nodeWord,
            })}
            costs={costs}
            form={by === 'op' ? 'bars' : 'treemap'}
            onChoose={onChoose}
          />
        </Suspense>
      )}
    </>
  );
}

function costsOf(report: NodesReport, profile: ProfileReport | null, measure: Measure, by: By): Cost[] {
  if (measure === 'time')
    return by === 'op'
      ? (profile?.ops ?? []).map((op) => cost(op.op, op.op, op.milliseconds, measure))
      : (profile?.kernels ?? []).map((kernel) =>
          cost(kernel.originals[0] ?? kernel.name, kernel.op, kernel.milliseconds, measure),
        );
  return by === 'op'
    ? report.ops.map((op) => cost(op.op, op.op, op[measure] ?? 0, measure))
    : report.nodes.map((node) => cost(node.name, node.op, node[measure] ?? 0, measure));
}

function cost(name: string, group: string, size: number, measure: Measure): Cost {
  const spell = measure === 'time' ? milliseconds : measure === 'macs' || measure === 'parameters' ? quantity : bytes;
  return { name, group, size, text: spell(size) };
}
