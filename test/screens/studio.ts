/** A studio of its own for each worker: the shell's `studio` command, its home in a folder that goes with it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, expect, type Page } from '@playwright/test';

const root = fileURLToPath(new URL('../..', import.meta.url));
const launcher = join(root, 'src-main', 'host', 'cli', 'launch.mjs');
export const digits = join(root, 'test', 'samples', 'digits');

export interface RunningStudio {
  /** Carries the key: the first address of a tab. */
  readonly address: string;
  /** Settings, projects, and whatever a test writes. */
  readonly home: string;
  readonly process: ChildProcess;
}

export async function startStudio(): Promise<RunningStudio> {
  const home = await mkdtemp(join(tmpdir(), 'lathe-screens-'));
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
  return { address, home, process: child };
}

export async function stopStudio({ process: child, home }: RunningStudio): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
  await rm(home, { recursive: true, force: true });
}

/** A test gets the worker's studio; a page of it is opened with {@link openStudio}. */
export const test = base.extend<object, { studio: RunningStudio }>({
  studio: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the first parameter
    async ({}, use) => {
      const studio = await startStudio();
      await use(studio);
      await stopStudio(studio);
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** Opens the start screen, and fails the test on any error that the page itself reports. */
export async function openStudio(page: Page, studio: RunningStudio): Promise<void> {
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(studio.address);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
}

/** Goes to a screen by its entry in the navigation. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  await expect(page.getByRole('navigation').getByRole('link', { name, exact: true })).toHaveAttribute(
    'aria-current',
    'page',
  );
}

/** Waits until nothing runs, however long the measuring takes. */
export async function untilIdle(page: Page): Promise<void> {
  await expect(page.getByRole('banner').getByText('Nothing running')).toBeVisible({ timeout: 200_000 });
}

export { expect };
