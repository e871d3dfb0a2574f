import { Box, Group, Loader } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TrainingCurves as Curves } from '../../src-main/contract';

const TrainingChart = lazy(() => import('../charts/training-chart'));
const height = 220;

/** The curves of a training, under way or long done. */
export function TrainingCurves({ training, isUnderWay = false }: { training: Curves; isUnderWay?: boolean }) {
  const { t } = useTranslation();
  const words = useMemo(
    () => ({
      loss: t('training.loss'),
      validation: t('training.validation'),
      learningRate: t('training.learningRate'),
      step: t('training.step'),
    }),
    [t],
  );
  return (
    <Suspense
      fallback={
        <Group h={height} justify="center">
          <Loader size="sm" />
        </Group>
      }
    >
      <Box>
        <TrainingChart {...{ label: t('training.chart'), height, training, isUnderWay, words }} />
      </Box>
    </Suspense>
  );
}
