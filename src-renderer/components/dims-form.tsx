import { Button, Group, NumberInput, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

export interface DimsFormProps {
  /** Symbolic dimensions, in order of appearance. */
  readonly names: readonly string[];
  readonly values: Readonly<Record<string, number>>;
  readonly busy?: boolean;
  readonly onSave: (values: Record<string, number>) => void;
}

/** Sizes of symbolic dimensions: asked for once, remembered by the project. */
export function DimsForm({ names, values, busy, onSave }: DimsFormProps) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<Readonly<Record<string, number>>>(values);
  const known = names.filter((name) => draft[name] !== undefined);
  const changed = names.some((name) => draft[name] !== values[name]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSave({ ...draft });
      }}
    >
      <Text size="xs" c="dimmed" mb="xs">
        {t('dims.help')}
      </Text>
      <Group align="flex-end" gap="sm">
        {names.map((name) => (
          <NumberInput
            key={name}
            label={name}
            value={draft[name] ?? ''}
            min={1}
            max={1_000_000}
            allowDecimal={false}
            w={130}
            placeholder={t('dims.placeholder')}
            onChange={(size) => typeof size === 'number' && setDraft((old) => ({ ...old, [name]: size }))}
          />
        ))}
        <Button type="submit" variant="default" loading={busy} disabled={known.length < names.length || !changed}>
          {t('dims.save')}
        </Button>
      </Group>
    </form>
  );
}
