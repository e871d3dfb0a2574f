/** docs/cli.md says what is so: its examples run, and its tables of keys are those of the documents. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src-main/host/cli/commands';
import { digits, lathe, latheJson } from '../support/shell';

const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/```(\w*)\n([\s\S]*?)```/g)].map(([, language = '', body = '']) => ({
  language,
  body,
}));
const examples = blocks.filter(({ language }) => language === 'sh').flatMap(({ body }) => body.trim().split('\n'));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-docs-'));
  cpSync(digits, join(folder, 'digits'), { recursive: true });
  writeFileSync(join(folder, 'recipe.json'), blocks.find(({ language }) => language === 'json')?.body ?? '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every command and option has its place in the synopsis', () => {
  const synopsis = blocks.find(({ language }) => language === '')?.body ?? '';
  for (const { name, options } of commands) {
    const line =
      synopsis.split('\n').find((candidate) => new RegExp(`^lathe [\\w|]*\\b${name}\\b`).test(candidate)) ?? '';
    expect(line, name).not.toBe('');
    for (const option of Object.keys(options)) expect(line, name).toContain(`--${option}`);
    for (const [option] of line.matchAll(/--[\w-]+/g)) expect(Object.keys(options), line).toContain(option.slice(2));
  }
});

describe('the examples', () => {
  test.each(examples)('%s', async (line) => {
    const words = line
      .split(' ')
      .slice(1)
      .map((word) => word.replace('*', () => readdirSync(join(folder, 'work', 'variants')).sort()[0] ?? '*'));
    const { code, stderr, stdout } = await lathe(words, { cwd: folder });
    expect(code, stderr).toBe(0);
    expect(stdout).not.toBe('');
  });
});

describe('the keys of', () => {
  const variant = () => join(folder, 'work', 'variants', readdirSync(join(folder, 'work', 'variants')).sort()[0] ?? '');
  test.each([
    ['inspect', () => ['inspect', 'digits/model.onnx']],
    ['nodes', () => ['nodes', 'digits/model.onnx']],
    ['kernels', () => ['kernels', 'digits/model.onnx']],
    ['profile', () => ['profile', 'digits/model.onnx', '--dim', 'batch=1']],
    ['diff', () => ['diff', 'digits/model.onnx', 'digits/model.onnx']],
    ['run', () => ['clean', 'digits/model.onnx', '--out', 'work']],
    ['evaluate', () => ['evaluate', 'digits/model.onnx', '--data', 'digits']],
    ['compare', () => ['compare', 'work']],
    ['export', () => ['export', variant(), '--to', 'again']],
  ])('%s', async (name, words) => {
    const document = await latheJson<object>(words(), { cwd: folder });
    const section = text.split(`\n### ${name}\n`)[1]?.split('\n#')[0] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const keys = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map((match) => match[1]));
    expect(Object.keys(document).sort()).toEqual(keys.sort());
  });
});
