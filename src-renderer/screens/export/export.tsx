import { Alert, Button, Select, SimpleGrid, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Evaluation, Variant } from '../../../src-main/contract';
import { go } from '../../app/navigation';
import { activeJob } from '../../components/active-job';
import { Empty } from '../../components/empty';
import { EvaluationFigures } from '../../components/evaluation-figures';
import { times } from '../../components/format';
import { Icon } from '../../components/icon';
import { JobProgress } from '../../components/job-progress';
import { Page } from '../../components/page';
import { Panel } from '../../components/panel';
import { PathField } from '../../components/path-field';
import { useAction } from '../../components/use-action';
import { Warnings } from '../../components/warnings';
import { browse, forProject } from '../../studio/actions';
import { select, useSelection } from '../../studio/selection';
import { useProject } from '../../studio/store';
import { ExportOutcome } from './export-outcome';

/** The variant worth shipping: written, loaded again, run and compared before it is called done. */
export function Export() {
  const { t } = useTranslation();
  const project = useProject();
  const selected = useSelection((state) => state.selected);
  const entry = project.variants.find(({ variant }) => variant.id === selected) ?? null;
  return (
    <Page title={t('export.title')} lead={t('export.lead')}>
      {project.variants.length === 0 ? (
        <Empty icon="export" text={t('export.noVariants')}>
          <Button onClick={() => go('recipe')}>{t('run.toRecipe')}</Button>
        </Empty>
      ) : (
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" style={{ alignItems: 'start' }}>
          <Panel title={t('export.what')}>
            <Stack gap="md">
              <Select
                label={t('export.variant')}
                placeholder={t('export.choose')}
                data={project.variants.map(({ variant }) => ({ value: variant.id, label: variant.name }))}
                value={entry?.variant.id ?? null}
                allowDeselect={false}
                searchable
                onChange={select}
              />
              {entry !== null && <ExportForm key={entry.variant.id} variant={entry.variant} />}
            </Stack>
          </Panel>
          <Stack gap="md">
            {entry === null ? (
              <Empty icon="chart" text={t('export.hint')} />
            ) : (
              <Measured evaluation={entry.evaluation} />
            )}
            <ExportOutcome variant={entry?.variant.id ?? null} />
          </Stack>
        </SimpleGrid>
      )}
    </Page>
  );
}

function ExportForm({ variant }: { variant: Variant }) {
  const { t } = useTranslation();
  const project = useProject();
  const [folder, setFolder] = useState('');
  const [external, setExternal] = useState(false);
  const [write, writing] = useAction(() =>
    forProject('exportVariant', {
      variant: variant.id,
      to: folder.trim(),
      externalData: external ? 'always' : 'auto',
    }),
  );
  const job = activeJob(project.jobs, 'export');
  return (
    <>
      <PathField
        label={t('export.folder')}
        description={t('export.folderHelp')}
        value={folder}
        onChange={setFolder}
        choose={['folder']}
        browse={browse}
      />
      <Switch
        label={t('export.external')}
        description={t('export.externalHelp')}
        checked={external}
        onChange={(event) => setExternal(event.currentTarget.checked)}
      />
      <Button
        leftSection={<Icon name="export" />}
        disabled={folder.trim() === '' || job !== undefined}
        loading={writing}
        w="fit-content"
        onClick={() => void write()}
      >
        {t('export.write')}
      </Button>
      {job !== undefined && <JobProgress progress={job.progress} label={job.title} />}
    </>
  );
}

/** What is known of the chosen variant, and what ought to be thought over before it is shipped. */
function Measured({ evaluation }: { evaluation: Evaluation | null }) {
  const { t } = useTranslation();
  if (evaluation === null) {
    return (
      <Alert color="yellow" variant="light" icon={<Icon name="warning" />}>
        {t('export.notMeasured')}
      </Alert>
    );
  }
  const { speedup, data } = evaluation;
  return (
    <Panel title={t('export.measured')}>
      <Stack gap="md">
        {speedup !== null && speedup.value < 1 && !speedup.insideNoise && (
          <Alert color="red" variant="light" icon={<Icon name="warning" />} role="alert" title={t('export.slower')}>
            {t('export.slowerHelp', { times: times(speedup.value) })}
          </Alert>
        )}
        {data === null && (
          <Alert color="yellow" variant="light" icon={<Icon name="info" />}>
            {t('export.noQuality')}
          </Alert>
        )}
        <Warnings warnings={evaluation.warnings} title={t('details.warnings')} />
        {speedup !== null && (
          <Text size="sm" className="figures">
            {t(speedup.insideNoise ? 'export.speedupInNoise' : 'export.speedup', { times: times(speedup.value) })}
          </Text>
        )}
        <EvaluationFigures evaluation={evaluation} />
      </Stack>
    </Panel>
  );
}
