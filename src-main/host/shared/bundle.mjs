/**
 * @file Bundles of the current sources, for a checkout. A bundle is kept under the hash of what it was made from
 * (paths, sizes and times of the files), so an unchanged checkout starts at once and an edited one never runs old code.
 */

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundled } from './bundled.mjs';

/** The checkout's folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

const dayMs = 24 * 60 * 60 * 1000;
const newestKept = 3;

const entries = {
  cli: 'src-main/host/cli/main.ts',
  demo: 'src-main/host/cli/demo.ts',
  engine: 'src-main/engine/main.ts',
};

/**
 * The folder of the shell's `cli.js`, of `demo.js` and of the `engine.js` that both start, made from the sources as they are now.
 * @returns {Promise<string>}
 */
export function currentBundle() {
  return keptBuild('run', ['src-main', 'package.json'], buildMain);
}

/**
 * The folder of the studio's pages (`index.html` and its assets), made from the sources as they are now.
 * @param {() => void} [beforeBuild] called when pages have to be built, which takes seconds
 * @returns {Promise<string>}
 */
export function currentPages(beforeBuild) {
  const sources = ['src-renderer', 'src-main/contract', 'src-main/rpc', 'electron.vite.config.ts', 'package.json'];
  return keptBuild('pages', sources, buildPages, beforeBuild);
}

/**
 * Builds the desktop app into `out/main`, `out/preload` and `out/renderer`, where the sources changed since.
 * @param {() => void} [beforeBuild]
 */
export async function currentApp(beforeBuild) {
  const sources = ['src-main', 'src-renderer', 'electron.vite.config.ts', 'package.json'];
  const stamp = join(root, 'out', 'app.sources');
  const hash = hashOfStats(sources);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  beforeBuild?.();
  await rm(stamp, { force: true });
  const { build } = await import('electron-vite');
  await build({ root, logLevel: 'warn' });
  await writeFile(stamp, hash);
}

/**
 * Builds into a temporary folder that is renamed when whole, so that callers at the same time cannot meet a half one.
 * @param {string} name @param {string[]} sources @param {(folder: string) => Promise<unknown>} build
 * @param {() => void} [beforeBuild]
 */
async function keptBuild(name, sources, build, beforeBuild) {
  const home = join(root, 'out', name);
  for (;;) {
    const hash = hashOfStats(sources);
    const folder = join(home, hash);
    if (existsSync(folder)) {
      const now = new Date();
      await utimes(folder, now, now);
      return folder;
    }
    beforeBuild?.();
    const unfinished = join(home, `.${hash}-${randomUUID()}`);
    await mkdir(unfinished, { recursive: true });
    try {
      await build(unfinished);
      // A source that was edited meanwhile may be in the bundle or not: begin again.
      if (hashOfStats(sources) !== hash) continue;
      await rename(unfinished, folder).catch((cause) => {
        if (!existsSync(folder)) throw cause;
      });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    await removeOld(home, folder);
    return folder;
  }
}

/** @param {string[]} sources files and folders below the root */
function hashOfStats(sources) {
  const hash = createHash('sha256');
  const add = (/** @type {string} */ path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  };
  const walk = (/** @type {string} */ folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else add(path);
    }
  };
  for (const source of sources) {
    if (statSync(join(root, source)).isDirectory()) walk(source);
    else add(source);
  }
  return hash.digest('hex').slice(0, 16);
}

/** @param {string} folder */
async function buildMain(folder) {
  const { rolldown } = await import('rolldown');
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const external = Object.keys(dependencies)
    .filter((name) => !bundled.includes(name))
    .map((name) => new RegExp(`^${name}(/|$)`));
  const bundle = await rolldown({
    cwd: root,
    input: entries,
    platform: 'node',
    external,
    logLevel: 'warn',
  });
  await bundle.write({
    dir: folder,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
}

/** @param {string} folder */
async function buildPages(folder) {
  const { build, loadConfigFromFile } = await import('vite');
  const loaded = await loadConfigFromFile(
    { command: 'build', mode: 'production' },
    join(root, 'electron.vite.config.ts'),
  );
  if (loaded === null) throw new Error('electron.vite.config.ts is missing');
  const { renderer } = /** @type {import('electron-vite').UserConfig} */ (loaded.config);
  await build({
    ...renderer,
    configFile: false,
    logLevel: 'warn',
    build: { ...renderer?.build, outDir: folder, emptyOutDir: true },
  });
}

/** @param {string} home @param {string} current */
async function removeOld(home, current) {
  const names = await readdir(home);
  const folders = await Promise.all(
    names.map(async (name) => {
      const path = join(home, name);
      return { path, usedAt: (await stat(path).catch(() => null))?.mtimeMs ?? 0 };
    }),
  );
  const old = folders
    .sort((a, b) => b.usedAt - a.usedAt)
    .slice(newestKept)
    .filter(({ path, usedAt }) => path !== current && Date.now() - usedAt > dayMs);
  for (const { path } of old) await rm(path, { recursive: true, force: true });
}
