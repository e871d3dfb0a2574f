/** @file Every kind of metric, by `metric.kind` of meta.json. */

import type { MetricKind } from '../metric';
import { top1 } from './top1';

export const metricKinds: readonly MetricKind[] = [top1];
