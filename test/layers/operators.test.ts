import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { noGradient, notWritten } from '../../src-main/distil/no-gradient';
import { temporaryFolder } from '../support/folder';
import { gradientTests } from '../support/gradient-tests';
import { gradientFiles, operatorsPage } from '../support/operators-page';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

it('docs/operators.md says what the code does; `npm run docs:operators` renews it', async () => {
  expect(await operatorsPage(temporaryFolder()), 'run `npm run docs:operators`').toBe(read('../../docs/operators.md'));
});

it('each operator that training goes through has a numeric test', () => {
  const tests = gradientTests();
  expect([...gradientFiles().keys()].filter((op) => !tests.has(op))).toEqual([]);
  expect([...tests.keys()].filter((op) => op in noGradient)).toEqual([]);
});

it('each operator of ONNX has a gradient, or a reason why it has none', () => {
  const { names } = JSON.parse(read('../golden/operators/onnx.json')) as { names: string[] };
  const files = gradientFiles();
  expect(names.filter((op) => !files.has(op) && !(op in noGradient) && !(op in notWritten))).toEqual([]);
  expect([...files.keys()].filter((op) => op in noGradient)).toEqual([]);
});
