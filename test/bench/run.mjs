/** `node test/bench/run.mjs NAME [ARGS]` bundles `test/bench/NAME.ts` with the current sources and runs it. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { bundled } from '../../src-main/host/shared/bundled.mjs';

const [name, ...rest] = process.argv.slice(2);
const here = fileURLToPath(new URL('.', import.meta.url));
const entry = join(here, `${name}.ts`);
if (name === undefined || !existsSync(entry)) {
  console.error('usage: node test/bench/run.mjs NAME [ARGS], where test/bench/NAME.ts exists');
  process.exit(2);
}
// Inside the checkout, so that the bundle finds its packages and its own native kernels.
const made = join(here, '..', '..', 'out');
mkdirSync(made, { recursive: true });
const folder = mkdtempSync(join(made, 'bench-'));
try {
  await build({
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: bundled },
    build: {
      ssr: entry,
      outDir: folder,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: 'bench.mjs' } },
    },
  });
  const { status, signal } = spawnSync(process.execPath, [join(folder, 'bench.mjs'), ...rest], { stdio: 'inherit' });
  if (signal !== null) console.error(`${name} was ended by ${signal}`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
