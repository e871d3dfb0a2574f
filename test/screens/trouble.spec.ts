/** What goes wrong is said in one sentence, and what was there stays. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beginTraining, expect, goTo, openStudio, test, untilIdle } from './studio';

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
  const card = await beginTraining(page, 'Not wanted');
  const cancel = card.getByRole('button', { name: 'Cancel' });
  await expect(card.getByText(/epoch \d+ of 5000/)).toBeVisible({ timeout: 120_000 });
  await cancel.click();
  await untilIdle(page);
  await expect(card.getByText('Cancelled', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Try again' }).click();
  await card.getByRole('button', { name: 'Stop and keep' }).click({ timeout: 120_000 });
  await untilIdle(page);
  await expect(card.getByText('Done', { exact: true })).toBeVisible();
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
