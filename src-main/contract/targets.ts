/** Which nodes a Step may touch. */

import type { Targets } from './recipe';

/** A predicate over nodes for the targets of a Step: `ops` and `include` narrow, `exclude` has the last word. */
export function targetFilter(targets: Targets): (node: { name: string; opType: string }) => boolean {
  const include = (targets.include ?? []).map(globPattern);
  const exclude = (targets.exclude ?? []).map(globPattern);
  const ops = new Set(targets.ops ?? []);
  return ({ name, opType }) =>
    (ops.size === 0 || ops.has(opType)) &&
    (include.length === 0 || include.some((pattern) => pattern.test(name))) &&
    !exclude.some((pattern) => pattern.test(name));
}

function globPattern(glob: string): RegExp {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${body}$`, 's');
}
