import { Drawer, Group, ScrollArea, Stack, Tabs, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { EvaluationFigures } from '../../components/evaluation-figures';
import { StepLogs } from '../../components/step-logs';
import { Warnings } from '../../components/warnings';
import { select } from '../../studio/selection';
import { Classes } from './classes';
import { Differences } from './differences';
import { Lineage } from './lineage';
import type { CompareRow } from './rows';
import { VariantActions } from './variant-actions';

/** Everything about one variant, beside the table that it was chosen in. */
export function Details({ row }: { row: CompareRow | null }) {
  const { t } = useTranslation();
  return (
    <Drawer
      opened={row !== null}
      onClose={() => select(null)}
      position="right"
      size={560}
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      closeOnClickOutside={false}
      returnFocus
      title={<Text fw={600}>{row?.name}</Text>}
      closeButtonProps={{ 'aria-label': t('details.close') }}
      scrollAreaComponent={ScrollArea.Autosize}
      shadow="xl"
    >
      {row !== null && <Body row={row} />}
    </Drawer>
  );
}

function Body({ row }: { row: CompareRow }) {
  const { t } = useTranslation();
  const { evaluation, variant } = row;
  return (
    <Stack gap="md">
      {variant !== null && (
        <Group gap="xs">
          <VariantActions variant={variant} />
        </Group>
      )}
      <Warnings warnings={evaluation.warnings} title={t('details.warnings')} />
      <Tabs defaultValue="figures" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="figures">{t('details.figures')}</Tabs.Tab>
          {variant !== null && <Tabs.Tab value="steps">{t('details.steps')}</Tabs.Tab>}
          {evaluation.classes !== null && <Tabs.Tab value="classes">{t('details.classes')}</Tabs.Tab>}
          {variant !== null && <Tabs.Tab value="lineage">{t('details.lineage')}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="figures">
          <Stack gap="lg">
            <EvaluationFigures evaluation={evaluation} />
            <Differences evaluation={evaluation} />
          </Stack>
        </Tabs.Panel>
        {variant !== null && (
          <Tabs.Panel value="steps">
            {variant.steps.length === 0 ? (
              <Text size="sm">{t('details.madeElsewhere')}</Text>
            ) : (
              <StepLogs steps={variant.steps} />
            )}
          </Tabs.Panel>
        )}
        {evaluation.classes !== null && (
          <Tabs.Panel value="classes">
            <Classes classes={evaluation.classes} />
          </Tabs.Panel>
        )}
        {variant !== null && (
          <Tabs.Panel value="lineage">
            <Lineage variant={variant} />
          </Tabs.Panel>
        )}
      </Tabs>
    </Stack>
  );
}
