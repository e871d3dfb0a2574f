import { ActionIcon, Badge, Box, Button, Collapse, Group, Paper, Stack, Text, Tooltip } from '@mantine/core';
import { useDisclosure, useInterval } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job, Variant } from '../../../src-main/contract';
import { go } from '../../app/navigation';
import { isActive } from '../../components/active-job';
import { seconds } from '../../components/format';
import { Icon } from '../../components/icon';
import { JobProgress } from '../../components/job-progress';
import { StepLogs } from '../../components/step-logs';
import { useStudioWords } from '../../components/studio-words';
import { useAction } from '../../components/use-action';
import { forProject } from '../../studio/actions';
import { useDetails } from '../../studio/details';
import { edit, stepLine } from '../../studio/recipe-draft';
import { select } from '../../studio/selection';
import { useProject, useStudio } from '../../studio/store';
import { Training, TrainingActions } from './training';

const stateColor: Readonly<Record<Job['state'], string>> = {
  queued: 'gray',
  running: 'blue',
  done: 'teal',
  failed: 'red',
  cancelled: 'gray',
  interrupted: 'orange',
};

/** One job: how far it is, what came of it, and what can be done about it. */
export function JobCard({ job }: { job: Job }) {
  const { t } = useTranslation();
  const [opened, log] = useDisclosure(false);
  const variant = useProject().variants.find((entry) => entry.variant.id === job.variant)?.variant;
  const word = useStudioWords();
  const methods = useStudio((state) => state.methods);
  const training = job.progress?.training;
  return (
    <Paper withBorder p="sm" radius="sm" role="group" aria-label={job.title}>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Group gap="xs" miw={0}>
          <Badge variant="light" color={stateColor[job.state]} tt="none">
            {job.state === 'running' && job.wish === 'pause' ? t('training.paused') : t(`job.state.${job.state}`)}
          </Badge>
          <Text size="sm" fw={500}>
            {word(job.title)}
          </Text>
          {job.recipe !== null && (
            <Text size="xs" c="dimmed">
              {stepLine(job.recipe, methods)}
            </Text>
          )}
          <Elapsed job={job} />
        </Group>
        <Group gap={4} wrap="nowrap">
          {job.kind === 'variant' && variant !== undefined && variant.steps.length > 0 && (
            <Button variant="subtle" size="compact-xs" aria-expanded={opened} onClick={log.toggle}>
              {t('run.log')}
            </Button>
          )}
          {variant !== undefined && (
            <Button
              variant="subtle"
              size="compact-xs"
              onClick={() => {
                select(variant.id);
                go('compare');
              }}
            >
              {t('run.show')}
            </Button>
          )}
          <JobActions job={job} />
        </Group>
      </Group>
      {isActive(job) && (
        <Box mt="xs">
          <JobProgress
            progress={job.progress}
            waiting={job.state === 'queued'}
            label={job.wish === 'pause' ? t('training.paused') : t(`job.state.${job.state}`)}
          />
        </Box>
      )}
      {isActive(job) && training !== undefined && (
        <Box mt="sm">
          <Training training={training} />
        </Box>
      )}
      {job.error !== null && (
        <Text size="sm" mt="xs" c={job.state === 'failed' ? 'var(--mantine-color-error)' : undefined}>
          {job.error}
        </Text>
      )}
      {variant !== undefined && (
        <Collapse expanded={opened}>
          <Stack mt="sm">{opened && <WholeLog variant={variant} />}</Stack>
        </Collapse>
      )}
    </Paper>
  );
}

function WholeLog({ variant }: { variant: Variant }) {
  const details = useDetails(variant.id, variant);
  return <StepLogs steps={(details?.variant ?? variant).steps} />;
}

function JobActions({ job }: { job: Job }) {
  const { t } = useTranslation();
  const [cancel] = useAction(() => forProject('cancelJob', { job: job.id }));
  const [retry, retrying] = useAction(() => forProject('retryJob', { job: job.id }));
  const [dismiss] = useAction(() => forProject('dismissJob', { job: job.id }));
  if (isActive(job)) {
    return (
      <>
        {job.progress?.training !== undefined && <TrainingActions job={job} />}
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<Icon name="stop" size={14} />}
          onClick={() => void cancel()}
        >
          {t('job.cancel')}
        </Button>
      </>
    );
  }
  const { recipe } = job;
  return (
    <>
      {job.state !== 'done' && recipe !== null && (
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={() => {
            edit(recipe);
            go('recipe');
          }}
        >
          {t('run.editRecipe')}
        </Button>
      )}
      {job.state !== 'done' && (
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<Icon name="retry" size={14} />}
          loading={retrying}
          onClick={() => void retry()}
        >
          {t('run.retry')}
        </Button>
      )}
      <Tooltip label={t('run.dismiss')}>
        <ActionIcon aria-label={t('run.dismiss')} onClick={() => void dismiss()}>
          <Icon name="close" size={14} />
        </ActionIcon>
      </Tooltip>
    </>
  );
}

/** Time since the start, or how long it took. */
function Elapsed({ job }: { job: Job }) {
  const [now, setNow] = useState(Date.now);
  const clock = useInterval(() => setNow(Date.now()), 1000);
  const running = job.state === 'running';
  // biome-ignore lint/correctness/useExhaustiveDependencies: the clock is a new object each time and its functions are not
  useEffect(() => {
    if (!running) return;
    clock.start();
    return clock.stop;
  }, [running]);
  if (job.startedAt === null) return null;
  const end = job.endedAt === null ? now : Date.parse(job.endedAt);
  return (
    <Text size="xs" c="dimmed" className="figures">
      {seconds(Math.max(0, (end - Date.parse(job.startedAt)) / 1000))}
    </Text>
  );
}
