/** @file The Chromium that the screens are walked in: the one at hand, else installed by the means at hand. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * `CHROMIUM_PATH`, else one on PATH, else the one that Playwright keeps.
 * @returns {Promise<string | null>}
 */
export async function findBrowser() {
  const given = process.env.CHROMIUM_PATH;
  if (given) return given;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = names.map((name) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  const { chromium } = await import('playwright-core');
  const own = chromium.executablePath();
  return own !== '' && existsSync(own) ? own : null;
}

/**
 * Installs one where there is none: by Playwright, else as Debian's package.
 * @param {(text: string) => void} say
 * @returns {Promise<string>}
 */
export async function ensureBrowser(say) {
  const found = await findBrowser();
  if (found !== null) return found;
  for (const [title, ...commands] of ways()) {
    say(`No Chromium here: trying ${title} …`);
    if (commands.every((words) => run(words))) {
      const installed = await findBrowser();
      if (installed !== null) return installed;
    }
  }
  throw new Error(
    'No Chromium was found and none could be installed. Type `npx playwright install --with-deps chromium`, ' +
      'or on Debian `sudo apt-get install chromium`, or set CHROMIUM_PATH; then run `npm test` again.',
  );
}

/** @returns {[string, ...string[][]][]} */
function ways() {
  const asRoot = process.getuid?.() === 0;
  const playwright = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  const install = [process.execPath, playwright, 'install', ...(asRoot ? ['--with-deps'] : []), 'chromium'];
  const apt = asRoot ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  return [
    ["Playwright's own", install],
    ["Debian's package", [...apt, 'update'], [...apt, 'install', '-y', '--no-install-recommends', 'chromium']],
  ];
}

/** @param {string[]} words */
function run([command = '', ...args]) {
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 10 * 60_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
