import { rangeWithZero } from '../quant-params';
import type { Calibrator } from './calibrator';

/** Everything that was seen: no clipping, and a step as wide as the farthest outlier makes it. */
export const minMax: Calibrator = {
  name: 'min-max',
  title: 'Min–max',
  source: 'ONNX QuantizeLinear, operator specification',
  needsHistogram: false,
  range: ({ min, max }) => rangeWithZero(min, max),
};
