/** What goes wrong is said in one sentence, and what was there stays. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digits, expect, goTo, openStudio, test, untilIdle } from './studio';

test('a file that is no model is refused with its name, and no project is made', async ({ page, home, studio }) => {
  await openStudio(page, studio);
  const path = join(home, 'not-a-model.onnx');
  await writeFile(path, 'This is a letter.');
  await page.getByLabel('Path of an .onnx file or a project folder').fill(path);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('not-a-model.onnx');
  await expect(page.getByRole('heading', { level: 1, name: 'Open a model' })).toBeVisible();
});

test('the sample opens in one click; data that does not fit is refused beside its field', async ({
  page,
  home,
  studio,
}) => {
  await openStudio(page, studio);
  await page.getByRole('button', { name: 'Open the sample' }).click();
  await expect(page.getByRole('table', { name: 'Operators' })).toBeVisible();
  await goTo(page, 'Data');
  await expect(page.getByText('Calibration samples', { exact: true })).toBeVisible();
  await page.getByLabel('Folder', { exact: true }).fill(home);
  await page.getByRole('button', { name: 'Use', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('This folder cannot be used');
  await expect(page.getByText('Calibration samples', { exact: true })).toBeVisible();
});

test('a job is cancelled while it runs, and can be tried again', async ({ page, studio }) => {
  await openStudio(page, studio);
  await page.getByLabel('Path of an .onnx file or a project folder').fill(join(digits, 'model.onnx'));
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByRole('table', { name: 'Operators' })).toBeVisible();
  await goTo(page, 'Data');
  const baseline = page.getByRole('region', { name: 'Baseline' });
  await baseline.getByRole('button', { name: 'Measure the baseline' }).click();
  await baseline.getByRole('button', { name: 'Cancel' }).click();
  await untilIdle(page);
  await goTo(page, 'Runs');
  const ended = page.getByRole('region', { name: 'Ended' }).getByRole('group').first();
  await expect(ended).toContainText('Cancelled');
  await ended.getByRole('button', { name: 'Try again' }).click();
  await untilIdle(page);
  await expect(page.getByRole('region', { name: 'Ended' }).getByRole('group').first()).toContainText('Done');
});

test('a lost connection is said, and reconnecting brings the project back', async ({ page, studio }) => {
  await page.routeWebSocket(/\/studio$/, (socket) => {
    const server = socket.connectToServer();
    page.on('console', (message) => {
      if (message.text() === 'cut the line') void Promise.all([socket.close(), server.close()]);
    });
  });
  await openStudio(page, studio);
  await page.getByRole('button', { name: 'Open the sample' }).click();
  await expect(page.getByRole('table', { name: 'Operators' })).toBeVisible();
  await page.evaluate(() => console.log('cut the line'));
  await expect(page.getByText('The connection to the studio is lost')).toBeVisible();
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await expect(page.getByRole('table', { name: 'Operators' })).toBeVisible();
});
