import { Button, Loader } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { isActive } from '../components/active-job';
import { percent } from '../components/format';
import { Icon } from '../components/icon';
import { useStudioWords } from '../components/studio-words';
import { useStudio } from '../studio/store';
import { go } from './navigation';

/** Always in sight: what runs, how far it is, how much waits. */
export function JobIndicator() {
  const { t } = useTranslation();
  const word = useStudioWords();
  const jobs = useStudio((state) => state.project?.jobs ?? null);
  if (jobs === null) return null;
  const active = jobs.filter(isActive);
  const running = active.find((job) => job.state === 'running');
  const fraction = running?.progress?.fraction ?? null;
  const isPaused = running?.wish === 'pause';
  const text =
    running === undefined
      ? active.length === 0
        ? t('shell.idle')
        : t('shell.queued', { count: active.length })
      : [
          word(running.title),
          ...(isPaused ? [t('training.paused')] : []),
          ...(fraction === null ? [] : [percent(fraction, 0)]),
          ...(active.length > 1 ? [t('shell.more', { count: active.length - 1 })] : []),
        ].join(' · ');
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      fw={400}
      c={running === undefined ? 'dimmed' : 'var(--mantine-color-text)'}
      leftSection={<IndicatorSign running={running !== undefined} paused={isPaused} />}
      onClick={() => go('run')}
      className="figures"
      maw={420}
    >
      {text}
    </Button>
  );
}

function IndicatorSign({ running, paused }: { running: boolean; paused: boolean }) {
  if (paused) return <Icon name="clock" />;
  return running ? <Loader size={14} /> : <Icon name="check" />;
}
