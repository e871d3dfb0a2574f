import { defineConfig } from '@playwright/test';

/** The studio in Electron itself: `npm test electron`, where its binary is. */
export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results/electron',
  workers: 1,
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: { actionTimeout: 15_000, trace: 'retain-on-failure' },
});
