import { ActionIcon, Alert, CopyButton, Group, Stack, Table, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ExportResult } from '../../../src-main/contract';
import { bytes } from '../../components/format';
import { Icon } from '../../components/icon';
import { Panel } from '../../components/panel';
import { PathText } from '../../components/path-browser';
import { showError } from '../../components/toast';
import { useProject } from '../../studio/store';

/** What the last export of a variant wrote and checked, or why it failed. */
export function ExportOutcome({ variant }: { variant: string | null }) {
  const { t } = useTranslation();
  const job = useProject().jobs.findLast(
    (candidate) => candidate.kind === 'export' && candidate.variant === variant && candidate.endedAt !== null,
  );
  if (job === undefined || variant === null) return null;
  if (job.output === null) {
    return (
      <Alert
        color="red"
        variant="light"
        icon={<Icon name="warning" />}
        role="alert"
        title={t(`job.state.${job.state}`)}
      >
        {job.error}
      </Alert>
    );
  }
  return (
    <Panel title={t('export.done')}>
      <Stack gap="md">
        <Files output={job.output} />
        <Checks checks={job.output.checks} />
      </Stack>
    </Panel>
  );
}

function Files({ output }: { output: ExportResult }) {
  const { t } = useTranslation();
  const files: [string, string | null][] = [
    [t('export.fileModel', { bytes: bytes(output.model.bytes) }), output.model.path],
    [t('export.fileRecipe'), output.recipe],
    [t('export.fileReport'), output.reportHtml],
    [t('export.fileData'), output.reportJson],
  ];
  return (
    <Table aria-label={t('export.files')} fz="sm" verticalSpacing={4}>
      <Table.Tbody>
        {files.map(
          ([label, path]) =>
            path !== null && (
              <Table.Tr key={label}>
                <Table.Th scope="row" fw={500} w={170}>
                  {label}
                </Table.Th>
                <Table.Td>
                  <Group gap={4} wrap="nowrap">
                    <PathText path={path} />
                    <CopyPath path={path} />
                    <Reveal path={path} />
                  </Group>
                </Table.Td>
              </Table.Tr>
            ),
        )}
      </Table.Tbody>
    </Table>
  );
}

function CopyPath({ path }: { path: string }) {
  const { t } = useTranslation();
  return (
    <CopyButton value={path}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('recipe.copied') : t('export.copyPath')}>
          <ActionIcon size="sm" aria-label={t('export.copyPath')} onClick={copy}>
            <Icon name={copied ? 'check' : 'copy'} size={14} />
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** On a desktop: the file in the system's file manager. */
function Reveal({ path }: { path: string }) {
  const { t } = useTranslation();
  const desktop = window.lathe;
  if (desktop === undefined) return null;
  return (
    <Tooltip label={t('export.reveal')}>
      <ActionIcon size="sm" aria-label={t('export.reveal')} onClick={() => void desktop.reveal(path).catch(showError)}>
        <Icon name="folder" size={14} />
      </ActionIcon>
    </Tooltip>
  );
}

function Checks({ checks }: { checks: ExportResult['checks'] }) {
  const { t } = useTranslation();
  return (
    <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: 'none' }} aria-label={t('export.checks')}>
      {checks.map((check) => (
        <Group component="li" key={check.name} gap="xs" wrap="nowrap" align="flex-start">
          <Text
            span
            lh={1}
            mt={3}
            c={check.passed ? 'teal' : 'red'}
            role="img"
            aria-label={check.passed ? t('export.passed') : t('export.notPassed')}
          >
            <Icon name={check.passed ? 'check' : 'close'} />
          </Text>
          <Text size="sm">
            {check.name}
            <Text span size="xs" c="dimmed">
              {' '}
              {check.detail}
            </Text>
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
