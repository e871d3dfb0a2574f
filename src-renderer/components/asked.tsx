import { Alert, Button, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Progress } from '../../src-main/contract';
import { Icon } from './icon';
import { JobProgress } from './job-progress';

export interface AskedProps<Result> {
  readonly answer:
    | { readonly state: 'none' }
    | { readonly state: 'running'; readonly progress: Progress | null; readonly cancel: () => void }
    | { readonly state: 'failed'; readonly sentence: string }
    | { readonly state: 'done'; readonly result: Result };
  /** What is being worked out. */
  readonly label: string;
  readonly onAsk: () => void;
  readonly children: (result: Result) => ReactNode;
}

/** The answer to a long question, or how far it is, or why there is none. */
export function Asked<Result>({ answer, label, onAsk, children }: AskedProps<Result>) {
  const { t } = useTranslation();
  switch (answer.state) {
    case 'done':
      return <>{children(answer.result)}</>;
    case 'running':
      return (
        <Group wrap="nowrap" align="flex-end">
          <div style={{ flex: 1 }}>
            <JobProgress progress={answer.progress} label={label} />
          </div>
          <Button variant="default" size="compact-sm" leftSection={<Icon name="stop" />} onClick={answer.cancel}>
            {t('inside.cancel')}
          </Button>
        </Group>
      );
    case 'failed':
      return (
        <Alert color="red" variant="light" icon={<Icon name="warning" />} role="alert" title={t('inside.failed')}>
          <Stack gap="xs" align="flex-start">
            {answer.sentence}
            <Button variant="default" size="compact-sm" leftSection={<Icon name="retry" />} onClick={onAsk}>
              {t('inside.again')}
            </Button>
          </Stack>
        </Alert>
      );
    case 'none':
      return (
        <Button variant="default" leftSection={<Icon name="run" />} w="fit-content" onClick={onAsk}>
          {label}
        </Button>
      );
  }
}
