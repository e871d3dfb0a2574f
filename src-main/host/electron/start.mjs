/**
 * @file `npm start` and `npm run dev` (`--dev`): the desktop app from this checkout. Electron's binary is no part of
 * its package and is fetched by the first start; where it cannot be had, the same studio opens in the browser.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildNative } from '../../../native/build.mjs';
import { currentApp, root } from '../shared/bundle.mjs';

const electronFolder = join(root, 'node_modules', 'electron');
const fetchLimitMs = 10 * 60_000;

/** @returns {string | null} */
function electronBinary() {
  const pathFile = join(electronFolder, 'path.txt');
  const binary = existsSync(pathFile) ? join(electronFolder, 'dist', readFileSync(pathFile, 'utf8')) : null;
  return binary !== null && existsSync(binary) ? binary : null;
}

/** Electron's own install step; its report of a failure is longer than the one line that helps. */
function fetchElectron() {
  const script = join(electronFolder, 'install.js');
  spawnSync(process.execPath, [script], { stdio: 'ignore', timeout: fetchLimitMs });
  return electronBinary();
}

/** @param {string} command @param {string[]} args */
function hand(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1;
  });
  // Both get the terminal's Ctrl-C; this one waits for the other's end.
  process.on('SIGINT', () => {});
}

const args = process.argv.slice(2);
const words = args.filter((word) => word !== '--dev');
console.error((await buildNative()).text);
const binary = electronBinary() ?? fetchElectron();
if (binary === null) {
  console.error(
    "Electron's binary could not be fetched on this machine; the same studio opens in the browser instead.",
  );
  hand(process.execPath, [join(root, 'src-main', 'host', 'cli', 'launch.mjs'), 'studio', ...words]);
} else if (args.includes('--dev')) {
  hand(process.execPath, [
    join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js'),
    'dev',
    '--',
    ...words,
  ]);
} else {
  await currentApp(() => console.error('Building the app …'));
  hand(binary, ['.', ...words]);
}
