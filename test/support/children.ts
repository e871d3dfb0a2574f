/** The child processes of a process. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export function childrenOf(pid: number): number[] {
  const parents = process.platform === 'linux' ? fromProc() : fromPs();
  return parents.filter(([, parent]) => parent === pid).map(([child]) => child);
}

/** [process, parent] of all. */
function fromProc(): [number, number][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // pid (name) state ppid …; the name may hold anything, brackets too.
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return [[Number(name), Number(fields[1])] as [number, number]];
      } catch {
        return [];
      }
    });
}

function fromPs(): [number, number][] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
}
