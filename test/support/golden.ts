/** Files that other tools made; each names tool, version and command. */

import { readFileSync } from 'node:fs';

/** @param path below test/golden */
export function golden<Content>(path: string): Content {
  return JSON.parse(readFileSync(new URL(`../golden/${path}`, import.meta.url), 'utf8')) as Content;
}
