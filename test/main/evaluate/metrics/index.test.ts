import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricKinds } from '../../../../src-main/evaluate/metrics';

const files = readdirSync(new URL('../../../../src-main/evaluate/metrics', import.meta.url))
  .filter((name) => name !== 'index.ts')
  .map((name) => name.replace(/\.ts$/, ''));

describe('the list of metrics', () => {
  it('holds each file of the folder under its name', () => {
    expect(metricKinds.map(({ kind }) => kind).sort()).toEqual(files.sort());
  });
  it.each(metricKinds)(
    '$kind cites its source, names its figures once, and has its test',
    ({ kind, source, metrics }) => {
      expect(source.length).toBeGreaterThan(10);
      expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
      expect(existsSync(new URL(`${kind}.test.ts`, import.meta.url))).toBe(true);
    },
  );
  it.each(metricKinds)('docs/data.md has $kind with its figures in order', ({ kind, metrics }) => {
    const page = readFileSync(new URL('../../../../docs/data.md', import.meta.url), 'utf8');
    const row = page.split('\n').find((line) => line.startsWith(`| \`${kind}\` |`)) ?? '';
    const figures = row.slice(row.lastIndexOf(' | ')).matchAll(/`(\w+)`( ↓)?/g);
    expect([...figures].map(([, name, low]) => [name, low === undefined ? 'high' : 'low'])).toEqual(
      metrics.map(({ name, better }) => [name, better]),
    );
  });
});
