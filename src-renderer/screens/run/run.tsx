import { Button, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { go } from '../../app/navigation';
import { isActive } from '../../components/active-job';
import { Empty } from '../../components/empty';
import { Icon } from '../../components/icon';
import { Page } from '../../components/page';
import { Panel } from '../../components/panel';
import { useProject } from '../../studio/store';
import { JobCard } from './job-card';

/** Everything that was asked for: what runs, what waits, what came of the rest. */
export function Run() {
  const { t } = useTranslation();
  const { jobs } = useProject();
  const active = jobs
    .filter(isActive)
    .sort((left, right) => Number(right.state === 'running') - Number(left.state === 'running'));
  const ended = jobs.filter((job) => !isActive(job)).reverse();
  return (
    <Page
      title={t('run.title')}
      lead={t('run.lead')}
      actions={
        <Button rightSection={<Icon name="arrowRight" />} variant="default" onClick={() => go('compare')}>
          {t('run.next')}
        </Button>
      }
    >
      <Panel title={t('run.active')}>
        {active.length === 0 ? (
          <Empty icon="run" text={t('run.idle')}>
            <Button variant="default" onClick={() => go('recipe')}>
              {t('run.toRecipe')}
            </Button>
          </Empty>
        ) : (
          <Stack gap="sm">
            {active.map((job) => (
              <JobCard key={job.id} job={job} />
            ))}
          </Stack>
        )}
      </Panel>
      {ended.length > 0 && (
        <Panel title={t('run.ended')}>
          <Stack gap="sm">
            {ended.map((job) => (
              <JobCard key={job.id} job={job} />
            ))}
          </Stack>
        </Panel>
      )}
    </Page>
  );
}
