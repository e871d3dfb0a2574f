import { defineConfig } from '@playwright/test';
import { findBrowser } from '../support/browser.mjs';

/** The studio in a real Chromium, through the web host, with the real engine process: `npm test screens`. */
export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results/screens',
  // One studio at a time: latencies are measured.
  workers: 1,
  fullyParallel: false,
  timeout: 300_000,
  // A busy machine of two cores draws late; what never comes fails all the same.
  expect: { timeout: 60_000 },
  reporter: 'list',
  use: {
    actionTimeout: 60_000,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: (await findBrowser()) ?? undefined,
      args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    },
  },
});
