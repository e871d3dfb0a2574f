/** A training on the screen: its curves, a pause, and an end with what it has reached. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beginTraining, expect, openStudio, test, untilIdle } from './studio';

const pictures = fileURLToPath(new URL('../../test-results/pictures', import.meta.url));

test('a training shows its curves, waits while paused, and is kept where it is stopped', async ({ page, studio }) => {
  await mkdir(pictures, { recursive: true });
  await openStudio(page, studio);
  const card = await beginTraining(page, 'Trained for a while');
  const chart = card.getByRole('img', { name: 'Loss, validation loss and learning rate by update' });
  await expect(chart.locator('canvas')).toBeVisible({ timeout: 120_000 });
  await expect(card.getByText(/best, after epoch [1-9]/)).toBeVisible({ timeout: 60_000 });
  await expect(card.getByText('Time left')).toBeVisible();
  await page.screenshot({ path: join(pictures, 'training.png') });

  await card.getByRole('button', { name: 'Pause' }).click();
  await expect(card.getByText('Paused', { exact: true }).first()).toBeVisible();
  const where = card.getByText(/epoch \d+ of 5000/);
  // What was on its way when the pause began has arrived by now.
  await page.waitForTimeout(1000);
  const told = await where.textContent();
  await page.waitForTimeout(1500);
  expect(await where.textContent()).toBe(told);
  await card.getByRole('button', { name: 'Go on' }).click();
  await expect(where).not.toHaveText(told ?? '');

  await card.getByRole('button', { name: 'Stop and keep' }).click();
  await untilIdle(page);
  await expect(card.getByText('Done', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Log of each step' }).click();
  await expect(card.getByText(/Stopped after update \d+ of epoch \d+ of 5000/)).toBeVisible();
  // The curves outlast the training.
  await expect(chart.locator('canvas')).toBeVisible();
  await page.screenshot({ path: join(pictures, 'trained.png') });
});
