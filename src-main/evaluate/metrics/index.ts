/** @file Every kind of metric, by `metric.kind` of meta.json. */

import type { MetricKind } from '../metric';
import { boxes } from './boxes';
import { ctc } from './ctc';
import { lm } from './lm';
import { meanIou } from './mean-iou';
import { multiLabel } from './multi-label';
import { regression } from './regression';
import { retrieval } from './retrieval';
import { top1 } from './top1';
import { vad } from './vad';

export const metricKinds: readonly MetricKind[] = [
  top1,
  ctc,
  boxes,
  retrieval,
  vad,
  lm,
  regression,
  multiLabel,
  meanIou,
];
