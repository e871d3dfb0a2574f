import { Group, NumberInput, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MeasureSettings } from '../../../src-main/contract';
import { Panel } from '../../components/panel';
import { useAction } from '../../components/use-action';
import { forProject } from '../../studio/actions';

/** How latency is measured: the same for the baseline and for every variant. */
export function MeasurePanel({ measure }: { measure: MeasureSettings }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(measure);
  const [save] = useAction((next: MeasureSettings) => forProject('setMeasure', next));
  useEffect(() => setDraft(measure), [measure]);
  const commit = () => {
    if (draft.threads !== measure.threads || draft.batch !== measure.batch) void save(draft);
  };
  const change = (key: keyof MeasureSettings) => (value: number | string) => {
    if (typeof value === 'number') setDraft((old) => ({ ...old, [key]: value }));
  };
  return (
    <Panel title={t('measure.title')}>
      <Text size="xs" c="dimmed" mb="xs">
        {t('measure.help')}
      </Text>
      <Group gap="sm">
        <NumberInput
          label={t('measure.threads')}
          value={draft.threads}
          min={1}
          max={256}
          allowDecimal={false}
          w={120}
          onChange={change('threads')}
          onBlur={commit}
        />
        <NumberInput
          label={t('measure.batch')}
          value={draft.batch}
          min={1}
          max={65536}
          allowDecimal={false}
          w={120}
          onChange={change('batch')}
          onBlur={commit}
        />
      </Group>
    </Panel>
  );
}
