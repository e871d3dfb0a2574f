import { Button, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Variant } from '../../../src-main/contract';
import { isActive } from '../../components/active-job';
import { bytes } from '../../components/format';
import { useAction } from '../../components/use-action';
import { forProject } from '../../studio/actions';
import { useProject } from '../../studio/store';

/** Variants that were made but not measured: a cancelled measurement leaves one. */
export function Unmeasured() {
  const { variants } = useProject();
  const waiting = variants.filter(({ evaluation }) => evaluation === null);
  if (waiting.length === 0) return null;
  return (
    <Stack gap={4} mt="sm">
      {waiting.map(({ variant }) => (
        <UnmeasuredRow key={variant.id} variant={variant} />
      ))}
    </Stack>
  );
}

function UnmeasuredRow({ variant }: { variant: Variant }) {
  const { t } = useTranslation();
  const { jobs } = useProject();
  const [measure, starting] = useAction(() => forProject('evaluateVariant', { variant: variant.id }));
  const busy = jobs.some((job) => job.variant === variant.id && isActive(job));
  return (
    <Group gap="sm">
      <Text size="sm">{variant.name}</Text>
      <Text size="xs" c="dimmed">
        {bytes(variant.model.bytes)} · {t('compare.notMeasured')}
      </Text>
      <Button size="compact-xs" variant="default" loading={starting || busy} onClick={() => void measure()}>
        {t('compare.measure')}
      </Button>
    </Group>
  );
}
