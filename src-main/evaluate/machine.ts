/** The process that measures, as its figures are labelled. */

import { readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';

/** `Node 20.20.2 linux x64`, `Electron 45.4.1 win32 x64`. */
export function hostName(): string {
  const electron = process.versions.electron;
  const runtime = electron === undefined ? `Node ${process.versions.node}` : `Electron ${electron}`;
  return `${runtime} ${platform()} ${arch()}`;
}

/**
 * High-water mark of this process's own resident memory, in bytes; null where the system does not tell.
 * `VmHWM` starts anew with a program, whereas the usage counter of a child starts at its parent's peak.
 */
export function peakRssBytes(status = ownStatus()): number | null {
  const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function ownStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
