/** What the kernel tells of a process (Linux alone). */

import { readFileSync } from 'node:fs';

/** A field of the kernel's page on a process, in bytes; 0 where there is none. */
export function statusOf(process: number | 'self' | undefined, field: string): number {
  try {
    const page = readFileSync(`/proc/${process}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(page)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
