/** Whether the process that left something behind is still there. */

import { readFileSync } from 'node:fs';

/** Ticks since boot at which a process began; null where the system does not tell, or there is no such process. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22, counted after the name in brackets, which may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** @param startedAt tells it from a later process of the same number; null where it was not told */
export function isAlive(pid: number, startedAt: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // Another user's process may not be signalled, but is there.
    if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === null || startedAt === null || now === startedAt;
}
