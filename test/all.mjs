/**
 * @file `npm test`: every suite, one after the other, each in a process of its own. `node test/all.mjs unit cli` runs
 * some of them. The last line is `N passed, N failed`; a suite that this machine cannot run is named with the reason.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBrowser } from './support/browser.mjs';
import { compiler } from './support/compiler.mjs';
import { electronBinary } from './support/electron-binary.mjs';

/**
 * @typedef {{ passed: number, failed: number, output?: string, notRun?: string[] }} Outcome
 * @typedef {{ name: string, run: () => Promise<Outcome> }} Suite
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), 'lathe-test-'));
const bin = (/** @type {string} */ name) => join(root, 'node_modules', ...name.split('/'));
const tools = {
  tsc: bin('typescript/bin/tsc'),
  biome: bin('@biomejs/biome/bin/biome'),
  oxlint: bin('oxlint/bin/oxlint'),
  vitest: bin('vitest/vitest.mjs'),
  playwright: bin('@playwright/test/cli.js'),
};

/** A promise that nobody waits for hides its failure. */
const promises = '--type-aware -A all -D typescript/no-floating-promises src-main src-renderer test'.split(' ');

/** @type {Suite[]} */
const suites = [
  {
    name: 'types',
    run: () => checks(['node', 'web', 'test'].map((part) => [tools.tsc, '-p', `tsconfig.${part}.json`])),
  },
  {
    name: 'lint',
    run: () =>
      checks([
        [tools.biome, 'check', '--error-on-warnings', '.'],
        [tools.oxlint, ...promises],
      ]),
  },
  { name: 'native', run: buildNative },
  { name: 'unit', run: () => vitest('test/vitest.config.ts') },
  { name: 'studio', run: () => vitest('test/vitest.system.config.ts', 'test/studio/') },
  { name: 'cli', run: () => vitest('test/vitest.system.config.ts', 'test/cli/') },
  { name: 'web', run: () => vitest('test/vitest.system.config.ts', 'test/web/') },
  { name: 'standin', run: () => vitest('test/vitest.system.config.ts', 'test/standin/') },
  { name: 'demo', run: () => vitest('test/vitest.system.config.ts', 'test/demo/') },
  { name: 'screens', run: walkScreens },
  { name: 'electron', run: walkElectron },
];

/** @param {string[]} args @param {Record<string, string>} [env] */
function node(args, env = {}) {
  return new Promise((/** @type {(result: { code: number | null, output: string }) => void} */ resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('close', (code, signal) => {
      // A process that was killed cannot say so itself.
      if (signal !== null) output += `\n${args.join(' ')} was ended by ${signal}\n`;
      resolve({ code, output });
    });
  });
}

/** @param {string[][]} commands @returns {Promise<Outcome>} */
async function checks(commands) {
  const results = [];
  for (const command of commands) results.push(await node(command));
  const failed = results.filter(({ code }) => code !== 0);
  return {
    passed: results.length - failed.length,
    failed: failed.length,
    output: failed.map(({ output }) => output).join('\n'),
  };
}

/** @param {string} config @param {string} [folder] @returns {Promise<Outcome>} */
async function vitest(config, folder) {
  const report = join(scratch, `vitest-${Math.random().toString(36).slice(2)}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code, output } = await node([
    tools.vitest,
    'run',
    '--config',
    config,
    ...reporters,
    ...(folder ? [folder] : []),
  ]);
  const counts = await readJson(report);
  if (counts === null) return { passed: 0, failed: 1, output };
  const failed = counts.numFailedTests + counts.testResults.filter(isBrokenFile).length;
  return {
    passed: counts.numPassedTests,
    // An error outside any test fails the run without failing a test.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    output: code === 0 ? '' : output,
    notRun: skippedOf(counts),
  };
}

/** A file that could not be loaded has no tests that could fail. @param {any} file */
function isBrokenFile(file) {
  return file.status === 'failed' && file.assertionResults.every((/** @type {any} */ one) => one.status !== 'failed');
}

/** @param {any} counts @returns {string[]} */
function skippedOf(counts) {
  return counts.testResults
    .flatMap((/** @type {any} */ file) => file.assertionResults)
    .filter((/** @type {any} */ one) => one.status === 'skipped' || one.status === 'pending')
    .map((/** @type {any} */ one) => one.fullName);
}

/** @param {string} config @param {Record<string, string>} env @returns {Promise<Outcome>} */
async function playwright(config, env) {
  const report = join(scratch, `playwright-${Math.random().toString(36).slice(2)}.json`);
  const { code, output } = await node([tools.playwright, 'test', '--config', config, '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
    ...env,
  });
  const counts = await readJson(report);
  if (counts === null) return { passed: 0, failed: 1, output };
  const { expected, unexpected, flaky, skipped } = counts.stats;
  const failed = unexpected + flaky;
  return {
    passed: expected,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    output: code === 0 ? '' : output,
    notRun: skipped === 0 ? [] : [`${skipped} skipped by their own words`],
  };
}

/** @returns {Promise<Outcome>} */
async function buildNative() {
  const found = compiler();
  if (found === null) return { passed: 0, failed: 0, notRun: ['no C++ compiler: the kernels in TypeScript serve'] };
  return checks([[join(root, 'native', 'build.mjs'), '--must']]);
}

/** @returns {Promise<Outcome>} */
async function walkScreens() {
  try {
    const browser = await ensureBrowser((text) => console.log(`  ${text}`));
    return playwright('test/screens/playwright.config.ts', { CHROMIUM_PATH: browser });
  } catch (error) {
    return { passed: 0, failed: 1, output: /** @type {Error} */ (error).message };
  }
}

/** @returns {Promise<Outcome>} */
async function walkElectron() {
  const binary = electronBinary();
  if (binary === null)
    return { passed: 0, failed: 0, notRun: ["Electron's binary is not here (`npm start` fetches it)"] };
  return playwright('test/electron/playwright.config.ts', { ELECTRON_PATH: binary });
}

/** @param {string} path @returns {Promise<any>} */
async function readJson(path) {
  return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : null;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(', ')}; there is ${suites.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
const summary = [];
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  const startedAt = performance.now();
  const outcome = await suite.run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  passed += outcome.passed;
  failed += outcome.failed;
  if (outcome.output) console.log(outcome.output.trimEnd());
  const ran = outcome.passed + outcome.failed > 0;
  const line = ran ? `${outcome.passed} passed, ${outcome.failed} failed (${seconds} s)` : 'not run';
  summary.push(
    `${suite.name.padEnd(10)} ${line}`,
    ...(outcome.notRun ?? []).map((why) => `${''.padEnd(10)} not run: ${why}`),
  );
  console.log(`${outcome.failed > 0 ? '✗' : ran ? '✓' : '–'} ${suite.name}: ${line}`);
}
await rm(scratch, { recursive: true, force: true });
console.log(`\n${summary.join('\n')}\n\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
