/** The entry of Electron's main process. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, crashReporter } from 'electron';
import { openDesktop } from './desktop';
import { fenceContents } from './fence';
import { Opening, openedPaths } from './opening';
import { registerPageScheme } from './pages';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Reports of crashes stay on this machine.
crashReporter.start({ uploadToServer: false });
registerPageScheme();
fenceContents(app);

// `electron .` has one word more before the files than a packaged app.
const ownWords = app.isPackaged ? 1 : 2;
const opening = new Opening(app);

if (app.requestSingleInstanceLock()) {
  for (const path of openedPaths(process.argv, ownWords, process.cwd())) opening.add(path);
  app.on('second-instance', (_event, argv, folder) => {
    for (const path of openedPaths(argv, ownWords, folder)) opening.add(path);
    opening.comeForward();
  });
  const paths = {
    engine: here('./engine.js'),
    preload: here('../preload/preload.cjs'),
    pages: here('../renderer'),
    sample: app.isPackaged
      ? join(process.resourcesPath, 'sample')
      : join(app.getAppPath(), 'test', 'samples', 'digits'),
    preferences: app.getPath('userData'),
    projects: join(app.getPath('documents'), 'Lathe'),
  };
  const devServer = app.isPackaged ? null : (process.env.ELECTRON_RENDERER_URL ?? null);
  void app.whenReady().then(() => openDesktop(paths, opening, devServer));
} else {
  app.quit();
}
