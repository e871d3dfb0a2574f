import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ProjectState } from '../../../src-main/contract';
import { activeJob } from '../../components/active-job';
import { Empty } from '../../components/empty';
import { EvaluationFigures } from '../../components/evaluation-figures';
import { Icon } from '../../components/icon';
import { JobProgress } from '../../components/job-progress';
import { Panel } from '../../components/panel';
import { useAction } from '../../components/use-action';
import { Warnings } from '../../components/warnings';
import { forProject } from '../../studio/actions';

/** The model as it came, measured once: what every variant is set against. */
export function Baseline({ project }: { project: ProjectState }) {
  const { t } = useTranslation();
  const { baseline } = project;
  const [measure, starting] = useAction(() => forProject('measureBaseline', {}));
  const [cancel] = useAction((job: string) => forProject('cancelJob', { job }));
  const job = activeJob(project.jobs, 'baseline');
  const last = project.jobs.findLast((candidate) => candidate.kind === 'baseline');
  return (
    <Panel
      title={t('baseline.title')}
      note={t('baseline.note')}
      actions={
        job === undefined ? (
          <Button
            variant={baseline === null ? 'filled' : 'default'}
            leftSection={<Icon name={baseline === null ? 'run' : 'retry'} />}
            loading={starting}
            onClick={() => void measure()}
          >
            {baseline === null ? t('baseline.measure') : t('baseline.again')}
          </Button>
        ) : (
          <Button variant="default" leftSection={<Icon name="stop" />} onClick={() => void cancel(job.id)}>
            {t('job.cancel')}
          </Button>
        )
      }
    >
      <Stack gap="md">
        {job !== undefined && <JobProgress progress={job.progress} label={t(`job.state.${job.state}`)} />}
        {job === undefined && last?.error != null && (
          <Alert color="red" icon={<Icon name="warning" />} role="alert" title={t('baseline.failed')}>
            {last.error}
          </Alert>
        )}
        {baseline !== null && (
          <>
            {baseline.data === null && (
              <Group gap="xs">
                <Badge color="yellow" variant="light">
                  {t('baseline.randomInputs')}
                </Badge>
                <Text size="sm">{t('baseline.randomInputsHelp')}</Text>
              </Group>
            )}
            <Warnings warnings={baseline.warnings} title={t('baseline.warnings')} />
            <EvaluationFigures evaluation={baseline} />
          </>
        )}
        {baseline === null && job === undefined && <Empty icon="clock" text={t('baseline.empty')} />}
      </Stack>
    </Panel>
  );
}
