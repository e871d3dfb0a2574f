/** The folders that grow: each file has its line in the index beside it, its mirrored test, and names its source. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Folder → what its files must have beside the line in the index. Losses are tested together, readers have no paper. */
const folders: Record<string, readonly ('test' | 'source')[]> = {
  'prune/criteria': ['test', 'source'],
  'quantize/methods': ['test', 'source'],
  'quantize/preparations': ['test', 'source'],
  'evaluate/metrics': ['test', 'source'],
  'data/readers': ['test'],
  'distil/losses': ['source'],
};

const missing = (folder: string, needs: readonly string[]): string[] => {
  const own = `${root}src-main/${folder}`;
  const index = readFileSync(`${own}/index.ts`, 'utf8');
  const names = readdirSync(own).map((file) => file.replace(/\.ts$/, ''));
  return names
    .filter((name) => name !== 'index')
    .flatMap((name) => [
      ...(index.includes(`'./${name}'`) ? [] : [`${name} has no line in index.ts`]),
      ...(!needs.includes('test') || existsSync(`${root}test/main/${folder}/${name}.test.ts`)
        ? []
        : [`${name} has no test/main/${folder}/${name}.test.ts`]),
      ...(!needs.includes('source') || /source/i.test(readFileSync(`${own}/${name}.ts`, 'utf8'))
        ? []
        : [`${name} names no source`]),
    ]);
};

describe('open folders', () => {
  it.each(Object.entries(folders))('%s', (folder, needs) => {
    expect(missing(folder, needs)).toEqual([]);
  });

  it('are asked for real: a folder whose files have none of it fails', () => {
    expect(missing('kernels', ['test', 'source'])).not.toEqual([]);
  });
});
