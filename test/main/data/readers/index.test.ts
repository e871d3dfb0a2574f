import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readers } from '../../../../src-main/data';

it('lists each reader of the folder, and each has its test', () => {
  const files = readdirSync(new URL('../../../../src-main/data/readers', import.meta.url))
    .filter((name) => name !== 'index.ts')
    .map((name) => name.replace(/\.ts$/, ''));
  expect(readers.map(({ name }) => name).sort()).toEqual(files.sort());
  for (const { name } of readers) expect(existsSync(new URL(`${name}.test.ts`, import.meta.url)), name).toBe(true);
});
