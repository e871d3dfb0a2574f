/** What a file system refuses, as a sentence: one for all rooms that write. */

import { LatheError } from './error';

/** A refusal of the file system as one sentence; anything else as it came. */
export function diskError(thrown: unknown, path: string): unknown {
  const refusal = refusals[errorCode(thrown)];
  if (refusal === undefined) return thrown;
  return new LatheError({ who: path, what: refusal.what, next: refusal.next, cause: thrown });
}

const refusals: Readonly<Record<string, { readonly what: string; readonly next: string }>> = {
  ENOSPC: { what: 'the disk is full', next: 'free some space or choose a folder on another disk' },
  EDQUOT: { what: 'the disk quota is used up', next: 'free some space or choose a folder on another disk' },
  EACCES: { what: 'may not be written', next: 'choose another folder or change its permissions' },
  EPERM: { what: 'may not be written', next: 'choose another folder or change its permissions' },
  EROFS: { what: 'lies on a read-only disk', next: 'choose another folder' },
  ENOTDIR: { what: 'lies below something that is a file', next: 'choose another folder' },
  EEXIST: { what: 'is there already', next: 'choose another name or folder' },
  ENOTEMPTY: { what: 'is there already', next: 'choose another name or folder' },
  ENAMETOOLONG: { what: 'has too long a name', next: 'choose a shorter one' },
  EFBIG: { what: 'takes no file of this size', next: 'choose a folder on another disk' },
  EIO: { what: 'cannot be read or written (the disk reports an error)', next: 'choose a folder on another disk' },
  EXDEV: { what: 'lies on another disk', next: 'choose a folder on the same disk' },
};

export function errorCode(thrown: unknown): string {
  return (thrown as { readonly code?: string } | null)?.code ?? '';
}
