/** Paths in project files: relative with `/` inside the project, so that the folder can be moved; absolute outside. */

import { isAbsolute, join, relative, sep } from 'node:path';

export function toStoredPath(project: string, path: string): string {
  const inside = relative(project, path);
  const outside = inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return outside ? path : inside.split(sep).join('/');
}

export function fromStoredPath(project: string, stored: string): string {
  return isAbsolute(stored) ? stored : join(project, ...stored.split('/'));
}
