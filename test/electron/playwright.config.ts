import { defineConfig } from '@playwright/test';

/** The walk of the studio in Electron's own window: `npm test electron`, where Electron's binary is. */
export default defineConfig({
  testDir: '../screens',
  testMatch: 'walk.spec.ts',
  // What the pages look like is the same in a browser, and is judged there.
  grepInvert: /axe objects|picture of the README/,
  globalSetup: './build-app.ts',
  outputDir: '../../test-results/electron',
  workers: 1,
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: { actionTimeout: 15_000, trace: 'retain-on-failure' },
});
