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

export const pattern = {
  kind: 'choice',
  title: 'Pattern',
  help: 'How many of how many neighbouring inputs are kept. 2:4 is what GPUs and some NPUs know.',
  default: '2:4',
  choices: [
    { value: '2:4', title: '2 of 4 (half)' },
    { value: '4:8', title: '4 of 8 (half, gentler)' },
    { value: '1:4', title: '1 of 4 (three quarters)' },
    { value: '1:2', title: '1 of 2 (half)' },
  ],
} as const;

export const optionalPattern = {
  kind: 'choice',
  title: 'Pattern',
  help: 'None lets the sparsity decide; a pattern keeps so many of so many neighbouring inputs and takes the place of the sparsity.',
  default: 'none',
  choices: [{ value: 'none', title: 'None' }, ...pattern.choices],
} as const;

export const samples = {
  kind: 'integer',
  title: 'Calibration samples',
  help: 'How many samples of the calibration split are run, evenly spaced over it.',
  default: 128,
  min: 1,
  max: 100000,
  unit: 'samples',
} as const;

/** n of each m consecutive inputs are kept. */
export interface Pattern {
  readonly n: number;
  readonly m: number;
}

/** `2:4` as numbers. */
export function patternOf(text: string): Pattern {
  const [n, m] = text.split(':').map(Number) as [number, number];
  return { n, m };
}
