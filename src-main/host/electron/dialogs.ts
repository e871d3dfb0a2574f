/** The system's file dialogs. */

import { type BrowserWindow, dialog, type OpenDialogOptions } from 'electron';
import type { ChooseKind } from '../../contract';

const asked: Readonly<Record<ChooseKind, OpenDialogOptions>> = {
  model: {
    title: 'Open a model',
    properties: ['openFile'],
    filters: [
      { name: 'ONNX models', extensions: ['onnx'] },
      { name: 'All files', extensions: ['*'] },
    ],
  },
  dataset: { title: 'Choose a data folder', properties: ['openDirectory'] },
  project: { title: 'Open a project folder', properties: ['openDirectory'] },
  recipe: {
    title: 'Open a recipe',
    properties: ['openFile'],
    filters: [{ name: 'Recipes', extensions: ['json'] }],
  },
  folder: { title: 'Choose a folder', properties: ['openDirectory', 'createDirectory'] },
};

/** @returns null where the user thought better of it */
export async function choosePath(window: BrowserWindow, kind: ChooseKind): Promise<string | null> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, asked[kind]);
  return canceled ? null : (filePaths[0] ?? null);
}

/** @returns true where the work may be stopped */
export async function askToStop(window: BrowserWindow, titles: readonly string[]): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: titles.length === 1 ? `“${titles[0]}” is still running.` : `${titles.length} jobs are still running.`,
    detail: 'Finished variants are kept. What is running now would have to be started again.',
    buttons: ['Keep running', 'Stop and close'],
    defaultId: 0,
    cancelId: 0,
  });
  return response === 1;
}

/** @returns false where the window shall close */
export async function askToReload(window: BrowserWindow, reason: string): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message: 'The page of this window ended unexpectedly.',
    detail: `Reason: ${reason}. Jobs go on meanwhile.`,
    buttons: ['Load it again', 'Close'],
    defaultId: 0,
    cancelId: 1,
  });
  return response === 0;
}
