import { Drawer, Group, ScrollArea, Stack, Tabs, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { EvaluationFigures } from '../../components/evaluation-figures';
import { StepLogs } from '../../components/step-logs';
import { Warnings } from '../../components/warnings';
import { useDetails } from '../../studio/details';
import { select } from '../../studio/selection';
import { Classes } from './classes';
import { Differences } from './differences';
import { Lineage } from './lineage';
import type { CompareRow } from './rows';
import { VariantActions } from './variant-actions';

/** Pixels; on a wide window the table and the plot make room for it. */
export const detailsWidth = 500;

/** Everything about one variant, beside the table that it was chosen in. */
export function Details({ row }: { row: CompareRow | null }) {
  const { t } = useTranslation();
  return (
    <Drawer
      opened={row !== null}
      onClose={() => select(null)}
      position="right"
      size={detailsWidth}
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
      {row !== null && <Body key={row.id} row={row} />}
    </Drawer>
  );
}

function Body({ row }: { row: CompareRow }) {
  const { t } = useTranslation();
  const whole = useDetails(row.variant?.id ?? null, row);
  const evaluation = whole?.evaluation ?? row.evaluation;
  const variant = whole?.variant ?? row.variant;
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
