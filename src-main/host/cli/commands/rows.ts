/** Options that several commands share, so that a word means the same everywhere. */

export const json = { type: 'boolean', help: 'One JSON document on stdout and nothing else there.' } as const;
export const data = {
  type: 'string',
  value: 'DIR',
  help: 'Folder with calib.npz and test.npz, or of images.',
} as const;
export const out = { type: 'string', value: 'DIR', help: 'Project folder for what is made; may exist.' } as const;
export const dim = {
  type: 'string',
  multiple: true,
  value: 'NAME=SIZE',
  help: 'Size of a symbolic dimension, e.g. sequence=128.',
} as const;
export const threads = { type: 'string', value: 'N', help: 'Threads of a run; 1 unless told otherwise.' } as const;
export const batch = { type: 'string', value: 'N', help: 'Samples of a run; 1 unless told otherwise.' } as const;
