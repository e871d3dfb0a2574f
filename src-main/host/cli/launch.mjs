/** @file `npm run -s lathe -- ARGS`: the shell, from the sources of this checkout as they are now. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { currentBundle, currentPages, root } from '../shared/bundle.mjs';

// npm runs a script in the folder of package.json; paths are meant from where the user stands.
if (process.env.npm_lifecycle_event === 'lathe' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);

const bundle = await currentBundle();
const { runShell } = await import(pathToFileURL(join(bundle, 'cli.js')).href);
await runShell(process.argv.slice(2), {
  engine: pathToFileURL(join(bundle, 'engine.js')),
  pages: currentPages,
  root,
});
