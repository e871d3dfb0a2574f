import { Badge, Code, Group, List, Spoiler, Stack, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { StepLog } from '../../src-main/contract';
import { integer, seconds } from './format';
import { Icon } from './icon';
import { kindColor, kindIcon } from './kind';
import { TrainingCurves } from './training-curves';

/** What each step did: how many places were eligible, changed, and skipped with the reason. */
export function StepLogs({ steps }: { steps: readonly StepLog[] }) {
  return (
    <Stack gap="md">
      {steps.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a finished run never move
        <StepEntry key={index} step={step} number={index + 1} />
      ))}
    </Stack>
  );
}

function StepEntry({ step, number }: { step: StepLog; number: number }) {
  const { t } = useTranslation();
  const options = Object.entries(step.options);
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <Badge
          variant="light"
          color={kindColor[step.kind]}
          leftSection={<Icon name={kindIcon[step.kind]} size={12} />}
          tt="none"
        >
          {number} · {step.method}
        </Badge>
        <Text size="xs" className="figures">
          {t('log.counts', {
            eligible: integer(step.eligible),
            changed: integer(step.changed),
            skipped: integer(step.skipped.length),
          })}
        </Text>
        <Text size="xs" c="dimmed" className="figures">
          {seconds(step.seconds)}
        </Text>
      </Group>
      {options.length > 0 && (
        <Group gap={4}>
          {options.map(([name, value]) => (
            <Code key={name} fz="xs">
              {name}={Array.isArray(value) ? value.join(',') : String(value)}
            </Code>
          ))}
        </Group>
      )}
      {step.notes.length > 0 && (
        <List size="xs" spacing={2}>
          {step.notes.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      )}
      {step.training !== undefined && <TrainingCurves training={step.training} />}
      {step.skipped.length > 0 && (
        <Spoiler maxHeight={120} showLabel={t('log.more')} hideLabel={t('log.less')}>
          <Table aria-label={t('log.skipped')} fz="xs" verticalSpacing={2}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t('log.node')}</Table.Th>
                <Table.Th scope="col">{t('log.reason')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {step.skipped.map((skip) => (
                <Table.Tr key={`${skip.node} ${skip.reason}`}>
                  <Table.Td ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                    {skip.node}
                  </Table.Td>
                  <Table.Td>{skip.reason}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Spoiler>
      )}
    </Stack>
  );
}
