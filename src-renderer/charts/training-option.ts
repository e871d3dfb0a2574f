/** The curves of a training as an ECharts option; a function of its data, so that it can be tested without a canvas. */

import type { EChartsOption } from 'echarts';
import type { TrainingCurves } from '../../src-main/contract';
import type { Palette } from './palette';

export interface TrainingWords {
  readonly loss: string;
  readonly validation: string;
  readonly learningRate: string;
  readonly step: string;
}

/** @param isUnderWay whether the curve goes on: it then fills at least half of the width, as a bar tells what is left */
export function trainingOption(
  training: TrainingCurves,
  isUnderWay: boolean,
  words: TrainingWords,
  palette: Palette,
): EChartsOption {
  const { curve, validation, step, steps } = training;
  const last = isUnderWay ? Math.min(steps, 2 * step) : step;
  const axis = {
    nameTextStyle: { color: palette.dimmed },
    axisLabel: { color: palette.dimmed },
    axisLine: { lineStyle: { color: palette.grid } },
    splitLine: { lineStyle: { color: palette.grid } },
  };
  const line = { type: 'line', showSymbol: false, lineStyle: { width: 1.5 } } as const;
  return {
    grid: { left: 56, right: 64, top: 34, bottom: 40 },
    legend: { top: 0, textStyle: { color: palette.text }, itemWidth: 16 },
    tooltip: { trigger: 'axis', backgroundColor: palette.surface, textStyle: { color: palette.text } },
    color: [palette.accent, palette.kinds.distil as string, palette.dimmed],
    xAxis: { ...axis, type: 'value', min: 0, max: last, name: words.step, nameLocation: 'middle', nameGap: 26 },
    yAxis: [
      { ...axis, type: lossAxis(training), name: words.loss },
      { ...axis, type: 'value', name: words.learningRate, splitLine: { show: false }, min: 0 },
    ],
    series: [
      { ...line, name: words.loss, data: curve.map(({ step, loss }) => [step, loss]) },
      {
        ...line,
        name: words.validation,
        showSymbol: true,
        symbolSize: 5,
        data: validation.flatMap(({ step, loss }) => (loss === null ? [] : [[step, loss]])),
      },
      {
        ...line,
        name: words.learningRate,
        yAxisIndex: 1,
        lineStyle: { width: 1, type: 'dashed' },
        data: curve.map(({ step, learningRate }) => [step, learningRate]),
      },
    ],
  };
}

/** Losses that fall through orders of magnitude are told apart on a logarithmic axis alone. */
function lossAxis({ curve, validation }: TrainingCurves): 'log' | 'value' {
  const losses = [...curve, ...validation].flatMap(({ loss }) => (loss === null ? [] : [loss]));
  const least = Math.min(...losses);
  return least > 0 && Math.max(...losses) > 20 * least ? 'log' : 'value';
}
