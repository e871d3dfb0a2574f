import { Group, NumberInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MeasureSettings } from '../../src-main/contract';
import { useAction } from './use-action';

export interface MeasureFieldsProps {
  readonly measure: MeasureSettings;
  readonly onSave: (measure: MeasureSettings) => Promise<unknown>;
}

/** Threads and batch of a measurement, saved when a field is left. */
export function MeasureFields({ measure, onSave }: MeasureFieldsProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(measure);
  const [save] = useAction(onSave);
  useEffect(() => setDraft(measure), [measure]);
  const commit = () => {
    if (draft.threads !== measure.threads || draft.batch !== measure.batch) void save(draft);
  };
  const change = (key: keyof MeasureSettings) => (value: number | string) => {
    if (typeof value === 'number') setDraft((old) => ({ ...old, [key]: value }));
  };
  const field = { min: 1, allowDecimal: false, w: 120, onBlur: commit } as const;
  return (
    <Group gap="sm">
      <NumberInput
        {...field}
        label={t('measure.threads')}
        value={draft.threads}
        max={256}
        onChange={change('threads')}
      />
      <NumberInput {...field} label={t('measure.batch')} value={draft.batch} max={65536} onChange={change('batch')} />
    </Group>
  );
}
