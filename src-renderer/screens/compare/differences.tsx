import { Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Evaluation } from '../../../src-main/contract';
import { difference, differenceInterval, pValue } from '../../components/format';
import { useMetricName } from '../../components/metric-name';

/** This variant against the baseline, paired sample by sample. */
export function Differences({ evaluation }: { evaluation: Evaluation }) {
  const { t } = useTranslation();
  const metricName = useMetricName();
  const entries = Object.entries(evaluation.differences ?? {});
  if (entries.length === 0) return null;
  return (
    <Table aria-label={t('details.differences')} fz="sm" verticalSpacing={4} className="figures">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{t('details.differences')}</Table.Th>
          <Table.Th scope="col" ta="right">
            {t('details.difference')}
          </Table.Th>
          <Table.Th scope="col" ta="right">
            {t('details.interval')}
          </Table.Th>
          <Table.Th scope="col" ta="right">
            {t('details.sure')}
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {entries.map(([name, { value, ci95, p, insideNoise }]) => {
          const unit = evaluation.metrics[name]?.unit ?? '';
          return (
            <Table.Tr key={name}>
              <Table.Td>{metricName(name, evaluation.metrics[name]?.title)}</Table.Td>
              <Table.Td ta="right">{difference(value, unit)}</Table.Td>
              <Table.Td ta="right">{differenceInterval(ci95, unit)}</Table.Td>
              <Table.Td ta="right">
                {insideNoise ? (
                  <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                    {t('compare.insideNoise')}
                  </Text>
                ) : (
                  pValue(p)
                )}
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}
