import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { MeasureSettings } from '../../../src-main/contract';
import { MeasureFields } from '../../components/measure-fields';
import { Panel } from '../../components/panel';
import { forProject } from '../../studio/actions';

const save = (measure: MeasureSettings) => forProject('setMeasure', measure);

/** How latency is measured: the same for the baseline and for every variant. */
export function MeasurePanel({ measure }: { measure: MeasureSettings }) {
  const { t } = useTranslation();
  return (
    <Panel title={t('measure.title')}>
      <Text size="xs" c="dimmed" mb="xs">
        {t('measure.help')}
      </Text>
      <MeasureFields measure={measure} onSave={save} />
    </Panel>
  );
}
