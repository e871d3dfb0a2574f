import { useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';

export interface Palette {
  readonly text: string;
  readonly dimmed: string;
  readonly grid: string;
  readonly surface: string;
  readonly band: string;
  readonly front: string;
  readonly accent: string;
  /** Tiles that carry white words: each dark enough for them. */
  readonly tiles: readonly string[];
  /** By the kind of step that made a point. */
  readonly kinds: Readonly<Record<string, string>>;
}

const light: Palette = {
  text: '#1b1f27',
  dimmed: '#5c636d',
  grid: '#e4e7ec',
  surface: '#ffffff',
  band: 'rgba(92, 99, 109, 0.10)',
  front: '#0c8599',
  accent: '#3b5bdb',
  tiles: ['#3b5bdb', '#0b7285', '#a8430a', '#862e9c', '#2b6e3f', '#a61e4d', '#5f3dc4', '#495057'],
  kinds: {
    baseline: '#1b1f27',
    clean: '#78808c',
    quantize: '#1c7ed6',
    prune: '#d9730d',
    distil: '#9c36b5',
    mixed: '#0a8f6c',
    other: '#78808c',
  },
};
const dark: Palette = {
  text: '#e3e6eb',
  dimmed: '#9aa1ae',
  grid: '#333945',
  surface: '#1b1f27',
  band: 'rgba(154, 161, 174, 0.14)',
  front: '#3bc9db',
  accent: '#91a7ff',
  tiles: ['#3b5bdb', '#0b7285', '#a8430a', '#862e9c', '#2b6e3f', '#a61e4d', '#5f3dc4', '#495057'],
  kinds: {
    baseline: '#f1f3f5',
    clean: '#9aa1ae',
    quantize: '#4dabf7',
    prune: '#ffa94d',
    distil: '#da77f2',
    mixed: '#38d9a9',
    other: '#9aa1ae',
  },
};

/** Colours of charts: told apart on both grounds, checked by eye and by contrast. */
export function usePalette(): Palette {
  const scheme = useComputedColorScheme('light');
  return useMemo(() => (scheme === 'dark' ? dark : light), [scheme]);
}
