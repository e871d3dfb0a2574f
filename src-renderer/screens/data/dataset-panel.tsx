import { Alert, Button, List, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DatasetSummary, ProjectState } from '../../../src-main/contract';
import { Figure, Figures } from '../../components/figure';
import { integer, shape } from '../../components/format';
import { Icon } from '../../components/icon';
import { useMetricName } from '../../components/metric-name';
import { Panel } from '../../components/panel';
import { PathField } from '../../components/path-field';
import { useAction } from '../../components/use-action';
import { browse, forProject } from '../../studio/actions';

/** Choose a dataset, or work without one. */
export function DatasetPanel({ project }: { project: ProjectState }) {
  const { t } = useTranslation();
  const [path, setPath] = useState(project.dataPath ?? '');
  const [error, setError] = useState<string | null>(null);
  const [setData, busy] = useAction(async (data: string | null) => {
    setError(null);
    try {
      await forProject('setData', { data });
      if (data === null) setPath('');
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown.message : String(thrown));
    }
  });
  return (
    <Panel
      title={t('data.dataset')}
      actions={
        project.dataPath !== null && (
          <Button variant="subtle" color="gray" size="compact-xs" onClick={() => void setData(null)}>
            {t('data.remove')}
          </Button>
        )
      }
    >
      <Stack gap="md">
        <PathField
          label={t('data.folder')}
          description={t('data.folderHelp')}
          value={path}
          onChange={setPath}
          onSubmit={(folder) => void setData(folder)}
          submitLabel={t('data.use')}
          choose={['dataset', 'folder']}
          browse={browse}
          busy={busy}
        />
        {error !== null && (
          <Alert color="red" icon={<Icon name="warning" />} role="alert" title={t('data.refused')}>
            {error}
          </Alert>
        )}
        {project.data === null ? (
          <Alert color="gray" variant="light" icon={<Icon name="info" />} title={t('data.none')}>
            {t('data.noneHelp')}
          </Alert>
        ) : (
          <Summary data={project.data} />
        )}
      </Stack>
    </Panel>
  );
}

function Summary({ data }: { data: DatasetSummary }) {
  const { t } = useTranslation();
  const metricName = useMetricName();
  return (
    <Stack gap="sm">
      <Figures>
        {data.splits.map((split) => (
          <Figure
            key={split.name}
            label={t(`data.split.${split.name}`)}
            value={integer(split.samples)}
            help={t(`data.splitHelp.${split.name}`)}
          />
        ))}
        <Figure
          label={t('data.metric')}
          value={data.metric === null ? t('data.fidelityOnly') : metricName(data.metric)}
        />
        <Figure label={t('data.labels')} value={data.labels ? t('data.yes') : t('data.no')} />
        {data.classes !== null && <Figure label={t('data.classes')} value={integer(data.classes.length)} />}
        <Figure label={t('data.reader')} value={data.reader} />
      </Figures>
      {data.classes !== null && (
        <Text size="xs" c="dimmed" lineClamp={2}>
          {data.classes.join(', ')}
        </Text>
      )}
      <Table aria-label={t('data.inputs')} fz="xs" verticalSpacing={2}>
        <Table.Tbody>
          {data.inputs.map((input) => (
            <Table.Tr key={input.name}>
              <Table.Td ff="monospace">{input.name}</Table.Td>
              <Table.Td>{input.type}</Table.Td>
              <Table.Td ff="monospace">{shape(input.shape)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {data.notes.length > 0 && (
        <Alert color="yellow" variant="light" icon={<Icon name="info" />}>
          <List size="sm" spacing={2} listStyleType={data.notes.length > 1 ? 'disc' : 'none'}>
            {data.notes.map((note) => (
              <List.Item key={note}>{note}</List.Item>
            ))}
          </List>
        </Alert>
      )}
    </Stack>
  );
}
