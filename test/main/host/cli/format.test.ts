import { describe, expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDifference,
  formatMetric,
  formatMs,
  formatRatio,
} from '../../../../src-main/host/cli/format';
import { factLines, markdownTable, textTable } from '../../../../src-main/host/cli/table';
import { barLine } from '../../../../src-main/host/cli/terminal';

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1_234_567, '1.23 MB'],
    [2.5e13, '25.0 TB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [9_999, '9999'],
    [10_000, '10.0 k'],
    [1_199_882, '1.20 M'],
    [12e9, '12.0 G'],
  ])('%d things are %s', (count, text) => expect(formatCount(count)).toBe(text));

  test('times, ratios, shares and differences', () => {
    expect(formatMs(0.04567)).toBe('0.046 ms');
    expect(formatMs(123.4)).toBe('123 ms');
    expect(formatRatio(3.917)).toBe('3.92×');
    expect(formatMetric(0.9731, 'share')).toBe('97.3 %');
    expect(formatMetric(0.0123456, 'nats')).toBe('0.012 nats');
    expect(formatMetric(0.00001234, 'nats')).toBe('1.23e-5 nats');
    expect(formatDifference(-0.0042, 'share')).toBe('−0.4');
    expect(formatDifference(0, 'share')).toBe('+0.0');
  });
});

const table = {
  columns: [
    { title: 'Name', align: 'left' },
    { title: 'Size', align: 'right' },
  ],
  rows: [
    ['digits', '9 B'],
    ['a|b', '123 B'],
  ],
} as const;

test('a text table is aligned by its columns', () => {
  expect(textTable(table)).toBe(['Name     Size', '──────  ─────', 'digits    9 B', 'a|b     123 B'].join('\n'));
});

test('a Markdown table keeps bars inside cells apart', () => {
  expect(markdownTable(table)).toBe(
    ['| Name | Size |', '| --- | --: |', '| digits | 9 B |', '| a\\|b | 123 B |'].join('\n'),
  );
});

test('facts stand under each other', () => {
  expect(
    factLines([
      ['IR', '8'],
      ['opsets', 'ai.onnx 17'],
    ]),
  ).toBe('IR      8\nopsets  ai.onnx 17');
});

describe('the bar', () => {
  test('shows share, phase and detail, cut to the terminal', () => {
    expect(barLine({ phase: 'Calibrating', fraction: 0.5, detail: '64 of 128 samples' }, 80)).toBe(
      '████████████░░░░░░░░░░░░  50 %  Calibrating  64 of 128 samples',
    );
    expect(barLine({ phase: 'Calibrating', fraction: 0.5 }, 20)).toHaveLength(19);
  });

  test('does not promise the end before it is there', () => {
    expect(barLine({ phase: 'Writing', fraction: 0.999 }, 80)).toContain('99 %');
    expect(barLine({ phase: 'Loading', fraction: null }, 80)).toBe('Loading …');
  });
});
