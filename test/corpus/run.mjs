/** `npm run test:corpus`: the suite needs a folder that is not part of the project, named by LATHE_CORPUS. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = process.env.LATHE_CORPUS;
const entries =
  folder !== undefined && existsSync(folder)
    ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'meta.json')))
    : [];
if (entries.length === 0) {
  const why = folder === undefined ? 'LATHE_CORPUS is not set' : `${folder} holds no entries with a meta.json`;
  console.log(`not run: ${why}; set LATHE_CORPUS to the folder that the corpus was built into`);
} else {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const args = ['vitest', 'run', '--config', 'test/vitest.corpus.config.ts', ...process.argv.slice(2)];
  process.exitCode = spawnSync('npx', ['--no', ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
