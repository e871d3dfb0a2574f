import { Group, Progress, Text } from '@mantine/core';
import type { Progress as WorkProgress } from '../../src-main/contract';
import { percent } from './format';
import { useStudioWords } from './studio-words';

export interface JobProgressProps {
  progress: WorkProgress | null;
  label: string;
  /** It has not begun: the bar stays empty. */
  waiting?: boolean;
}

/** How far a job is: phase, what it does just now, a bar that runs free while the share is not known. */
export function JobProgress({ progress, label, waiting = false }: JobProgressProps) {
  const word = useStudioWords();
  const fraction = waiting ? 0 : (progress?.fraction ?? null);
  return (
    <div>
      <Group justify="space-between" gap="xs" wrap="nowrap" mb={4}>
        <Text size="xs" truncate="end">
          {progress === null ? label : word(progress.phase)}
          {progress?.detail !== undefined && (
            <Text span size="xs" c="dimmed" inherit>
              {' · '}
              {progress.detail}
            </Text>
          )}
        </Text>
        {!waiting && fraction !== null && (
          <Text size="xs" c="dimmed" className="figures">
            {percent(fraction, 0)}
          </Text>
        )}
      </Group>
      <Progress
        value={fraction === null ? 100 : fraction * 100}
        animated={fraction === null}
        striped={fraction === null}
        size="sm"
        aria-label={label}
      />
    </div>
  );
}
