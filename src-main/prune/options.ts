/** Options that several pruning methods share. */

export const sparsity = {
  kind: 'number',
  title: 'Sparsity',
  help: 'Share of the eligible weights that becomes zero. Half is often harmless; beyond that, look at the quality.',
  default: 0.5,
  min: 0,
  max: 1,
  unit: 'share',
} as const;

export const minElements = {
  kind: 'integer',
  title: 'Smallest weight',
  help: 'Weights with fewer elements are left alone: they save nothing and are often the most sensitive.',
  default: 256,
  min: 0,
  unit: 'elements',
  advanced: true,
} as const;
