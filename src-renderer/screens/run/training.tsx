import { Button, Stack, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Job, TrainingProgress, Wish } from '../../../src-main/contract';
import { Figure, Figures } from '../../components/figure';
import { missing, number, percent, rate, seconds } from '../../components/format';
import { Icon } from '../../components/icon';
import { TrainingCurves } from '../../components/training-curves';
import { useAction } from '../../components/use-action';
import { forProject } from '../../studio/actions';

/** A training under way: its figures and curves. */
export function Training({ training }: { training: TrainingProgress }) {
  const { t } = useTranslation();
  const { best, secondsLeft } = training;
  return (
    <Stack gap="xs">
      <Figures>
        <Figure label={t('training.loss')} value={number(training.loss)} />
        <Figure
          label={t('training.validation')}
          value={best.validation === null ? missing : number(best.validation)}
          note={t('training.bestAfter', { epoch: best.epoch })}
          help={t('training.validationHelp')}
        />
        <Figure label={t('training.accuracy')} value={percent(best.accuracy)} help={t('training.accuracyHelp')} />
        <Figure label={t('training.learningRate')} value={number(training.learningRate)} />
        <Figure label={t('training.samples')} value={rate(training.samplesPerSecond)} />
        <Figure label={t('training.left')} value={secondsLeft === null ? missing : seconds(secondsLeft)} />
      </Figures>
      <TrainingCurves training={training} isUnderWay />
    </Stack>
  );
}

/** What can be done about a training besides cancelling it. */
export function TrainingActions({ job }: { job: Job }) {
  const { t } = useTranslation();
  const [steer, steering] = useAction((wish: Wish) => forProject('steerJob', { job: job.id, wish }));
  const paused = job.wish === 'pause';
  const stopping = job.wish === 'stop';
  return (
    <>
      <Button
        variant="default"
        size="compact-xs"
        disabled={stopping}
        loading={steering}
        onClick={() => void steer(paused ? 'run' : 'pause')}
      >
        {paused ? t('training.goOn') : t('training.pause')}
      </Button>
      <Tooltip label={t('training.stopHelp')} multiline maw={320}>
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<Icon name="check" size={14} />}
          disabled={stopping}
          onClick={() => void steer('stop')}
        >
          {stopping ? t('training.stopping') : t('training.stop')}
        </Button>
      </Tooltip>
    </>
  );
}
