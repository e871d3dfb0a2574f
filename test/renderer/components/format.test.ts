import { describe, expect, it } from 'vitest';
import {
  baseName,
  bytes,
  difference,
  differenceInterval,
  interval,
  metric,
  milliseconds,
  moment,
  number,
  percent,
  points,
  pValue,
  quantity,
  rate,
  seconds,
  shape,
  tick,
  times,
} from '../../../src-renderer/components/format';

/** Figures keep together by no-break spaces; the cases read better with plain ones. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('figures', () => {
  it('write shares as per cent and their differences as points', () => {
    expect(plain(percent(0.9731))).toBe('97.3 %');
    expect(plain(percent(1, 0))).toBe('100 %');
    expect(plain(points(-0.0012))).toBe('−0.12 pt');
    expect(plain(points(0.0321))).toBe('+3.21 pt');
    expect(plain(points(-0.000001))).toBe('0.00 pt');
  });

  it('write three digits that count and no false ones', () => {
    expect(number(0.0456)).toBe('0.0456');
    expect(number(12.345)).toBe('12.3');
    expect(number(12_345.6)).toBe('12,346');
    expect(number(-2)).toBe('−2');
    expect(number(0)).toBe('0');
    expect(number(Number.NaN)).toBe('–');
  });

  it('write sizes in decimal units and step up before 1,000 is shown', () => {
    expect(plain(bytes(0))).toBe('0 B');
    expect(plain(bytes(999))).toBe('999 B');
    expect(plain(bytes(26_454))).toBe('26.5 kB');
    expect(plain(bytes(999_900))).toBe('1 MB'.replace('1', '1.00'));
    expect(plain(bytes(10_240_000))).toBe('10.2 MB');
    expect(plain(quantity(310_000_000))).toBe('310 M');
    expect(plain(quantity(64))).toBe('64');
  });

  it('write times', () => {
    expect(plain(milliseconds(0.0421))).toBe('0.0421 ms');
    expect(plain(milliseconds(4.21))).toBe('4.21 ms');
    expect(plain(milliseconds(1530))).toBe('1,530 ms');
    expect(tick(0.085)).toBe('0.085');
    expect(tick(-2.5)).toBe('−2.5');
    expect(plain(seconds(4.2))).toBe('4.2 s');
    expect(plain(seconds(65.2))).toBe('1 min 05 s');
    expect(times(2.2158)).toBe('2.22×');
    expect(rate(237.4)).toBe('237/s');
    expect(rate(4.25)).toBe('4.25/s');
  });

  it('write a metric, its difference and its intervals in its own unit', () => {
    expect(plain(metric(0.9731, 'share'))).toBe('97.3 %');
    expect(metric(0.0912, 'nats')).toBe('0.0912');
    expect(metric(2.5, 'label')).toBe('2.50');
    expect(plain(metric(4.25, 'bits'))).toBe('4.25 bits');
    expect(plain(difference(-0.0011, 'share'))).toBe('−0.11 pt');
    expect(difference(0.031, 'nats')).toBe('+0.0310');
    expect(plain(interval([0.961, 0.982], 'share'))).toBe('96.1–98.2 %');
    expect(plain(differenceInterval([-0.0071, 0.0049], 'share'))).toBe('−0.71 … +0.49 pt');
    expect(plain(pValue(0.0002))).toBe('p < 0.001');
    expect(plain(pValue(0.61))).toBe('p = 0.61');
  });

  it('write shapes with symbolic and unknown dimensions', () => {
    expect(shape(['batch', 3, null])).toBe('[batch, 3, ?]');
    expect(shape(null)).toBe('?');
    expect(shape([])).toBe('[]');
  });

  it('take the last part of either kind of path', () => {
    expect(baseName('/models/net.onnx')).toBe('net.onnx');
    expect(baseName('C:\\models\\net.onnx')).toBe('net.onnx');
    expect(baseName('/projects/net/')).toBe('net');
  });

  it('write today as a time and another day as a date', () => {
    const now = new Date(2026, 0, 2, 12, 0);
    expect(moment(new Date(2026, 0, 2, 9, 5).toISOString(), 'en', now)).toMatch(/^9:05/);
    expect(moment(new Date(2025, 11, 31, 9, 5).toISOString(), 'en', now)).toBe('Dec 31, 2025');
  });
});
