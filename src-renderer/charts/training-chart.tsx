import { useMemo } from 'react';
import type { TrainingCurves } from '../../src-main/contract';
import { EChart } from './echart';
import { usePalette } from './palette';
import { type TrainingWords, trainingOption } from './training-option';

export interface TrainingChartProps {
  readonly label: string;
  readonly height: number | string;
  readonly training: TrainingCurves;
  readonly isUnderWay: boolean;
  readonly words: TrainingWords;
}

/** Loss, validation and learning rate by update. Loaded by `import()`, as ECharts is large. */
export default function TrainingChart({ label, height, training, isUnderWay, words }: TrainingChartProps) {
  const palette = usePalette();
  const option = useMemo(
    () => trainingOption(training, isUnderWay, words, palette),
    [training, isUnderWay, words, palette],
  );
  return <EChart label={label} height={height} option={option} />;
}
