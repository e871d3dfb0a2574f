import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder';
import { operatorsPage } from '../support/operators-page';

it('docs/operators.md says what the code does; `npm run docs:operators` renews it', async () => {
  const written = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');
  expect(await operatorsPage(temporaryFolder()), 'run `npm run docs:operators`').toBe(written);
});
