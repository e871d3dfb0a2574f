/** A studio of its own for each worker: the shell's `studio` command, its home in a folder that goes with it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron, test as base, expect, type Locator, type Page } from '@playwright/test';

const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = join(root, 'src-main', 'host', 'cli', 'launch.mjs');
export const digits = join(root, 'test', 'samples', 'digits');

export interface RunningStudio {
  /** Carries the key: the first address of a tab. */
  readonly address: string;
  readonly process: ChildProcess;
}

export async function startStudio(home: string): Promise<RunningStudio> {
  const child = spawn(process.execPath, [launcher, 'studio', '--no-open'], {
    cwd: root,
    env: { ...process.env, LATHE_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const address = await new Promise<string>((resolve, reject) => {
    const hear = (text: string) => {
      said += text;
      const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(said);
      if (found !== null) resolve(found[0]);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('exit', (code) => reject(new Error(`The studio ended with ${code}: ${said}`)));
  });
  return { address, process: child };
}

export async function stopStudio({ process: child }: RunningStudio): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
}

/** Set by the suite of Electron: the same walk in the desktop app's window instead of a tab. */
const electron = process.env.ELECTRON_PATH;

/** A test gets the worker's studio; a page of it is opened with {@link openStudio}. */
export const test = base.extend<object, { home: string; studio: RunningStudio; studioPage: Page }>({
  /** Settings, projects, and whatever a test writes. */
  home: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the first parameter
    async ({}, use) => {
      const home = await mkdtemp(join(tmpdir(), 'lathe-screens-'));
      await use(home);
      await rm(home, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
  studio: [
    async ({ home }, use) => {
      const studio = await startStudio(home);
      await use(studio);
      await stopStudio(studio);
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  /** A page of its own for a walk of several tests. */
  studioPage: [
    electron === undefined
      ? async ({ browser, studio }, use) => {
          const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
          const page = await context.newPage();
          await openStudio(page, studio);
          await use(page);
          await context.close();
        }
      : async ({ home }, use) => {
          const words = ['.', `--user-data-dir=${home}`, '--lang=en-GB'];
          // Chromium's sandbox refuses to run for the administrator, as on some build machines.
          if (process.getuid?.() === 0) words.push('--no-sandbox');
          const app = await _electron.launch({ executablePath: electron, cwd: root, args: words });
          const page = await app.firstWindow();
          failOnErrors(page);
          await use(page);
          await app.close();
        },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** Opens the start screen, and fails the test on any error that the page itself reports. */
export async function openStudio(page: Page, studio: RunningStudio): Promise<void> {
  failOnErrors(page);
  await page.goto(studio.address);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

function failOnErrors(page: Page): void {
  page.on('pageerror', (error) => {
    throw error;
  });
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) throw new Error(message.text());
  });
}

/** Goes to a screen by its entry in the navigation. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  await expect(page.getByRole('navigation').getByRole('link', { name, exact: true })).toHaveAttribute(
    'aria-current',
    'page',
  );
}

/** Opens the sample and begins a training of it that lasts for an hour. @returns its card among the runs */
export async function beginTraining(page: Page, name: string): Promise<Locator> {
  await page.getByRole('button', { name: 'Open the sample' }).click();
  await expect(page.getByRole('table', { name: 'Operators' })).toBeVisible();
  await goTo(page, 'Recipe');
  await page.getByRole('button', { name: 'Add a step' }).click();
  await page.getByRole('menuitem', { name: 'Distil' }).click();
  await page.getByRole('combobox', { name: 'Method' }).last().click();
  await page.getByRole('option', { name: 'Fine-tune on labels' }).click();
  await page.getByLabel('Epochs').fill('5000');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Make variant' }).click();
  await goTo(page, 'Runs');
  return page.getByRole('group', { name: new RegExp(name) });
}

/** Waits until nothing runs, however long the measuring takes. */
export async function untilIdle(page: Page): Promise<void> {
  await expect(page.getByRole('banner').getByText('Nothing running')).toBeVisible({ timeout: 200_000 });
}

export { expect };
