/** Where the page is: `#/compare`. A hash needs no server and works from `app://`. */

import { useSyncExternalStore } from 'react';

export const screenPaths = ['start', 'inspect', 'data', 'recipe', 'run', 'compare', 'export'] as const;
export type ScreenPath = (typeof screenPaths)[number];

/** The screen that a hash names; anything else is the start. */
export function pathOf(hash: string): ScreenPath {
  const name = hash.replace(/^#\/?/, '').split('/')[0];
  return screenPaths.find((path) => path === name) ?? 'start';
}

export function go(path: ScreenPath): void {
  window.location.hash = `/${path}`;
}

export function useLocation(): ScreenPath {
  return pathOf(useSyncExternalStore(listen, () => window.location.hash));
}

function listen(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}
