/** @file `npm run demo`: the whole job on the bundled sample, from the sources of this checkout as they are now. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildNative } from '../../../native/build.mjs';
import { currentBundle, currentPages, root } from '../shared/bundle.mjs';

console.error((await buildNative()).text);
const bundle = await currentBundle();
const { runDemo } = await import(pathToFileURL(join(bundle, 'demo.js')).href);
await runDemo(process.argv.slice(2), {
  engine: pathToFileURL(join(bundle, 'engine.js')),
  pages: currentPages,
  root,
});
