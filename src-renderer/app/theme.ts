/** Calm and dense: one accent, small type, quiet greys; every pair of colours passes WCAG AA in light and dark. */

import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const fontFamily =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const fontFamilyMonospace = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

const dark: MantineColorsTuple = [
  '#d5d8de',
  '#b8bdc7',
  '#9aa1ae',
  '#6b7280',
  '#414753',
  '#333945',
  '#262b34',
  '#1b1f27',
  '#14171d',
  '#0e1116',
];

/** The heading row of a dialog is a `header`, which a screen reader would take for a second banner of the page. */
const plainHeader = { header: { role: 'presentation' } };

export const theme = createTheme({
  fontFamily,
  fontFamilyMonospace,
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  colors: { dark },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: { fontWeight: '600', sizes: { h3: { fontSize: '1.25rem' }, h5: { fontSize: '0.875rem' } } },
  components: {
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs' } },
    TagsInput: { defaultProps: { size: 'xs' } },
    Switch: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    InputWrapper: { styles: { description: { fontSize: 'var(--mantine-font-size-xs)' } } },
    // Only what must interrupt is an alert to a screen reader; it says so itself.
    Alert: { defaultProps: { role: 'note' }, styles: { title: { color: 'var(--mantine-color-text)' } } },
    Drawer: { defaultProps: { attributes: plainHeader } },
    Modal: { defaultProps: { attributes: plainHeader } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true } },
  },
});

/** Text on the tinted ground of the same colour: Mantine's own is too light for small type. */
const inkOnTint = {
  gray: '#3d434c',
  red: '#a01c1c',
  orange: '#8a3b00',
  yellow: '#7a5200',
  teal: '#05543c',
  blue: '#0f4c85',
  indigo: '#2f44ad',
  grape: '#6e2183',
};

/** Mantine's own grey text is too light on white and too dark on grey to be read. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636d',
    '--mantine-color-placeholder': '#6b727c',
    '--mantine-color-error': '#b3261e',
    '--lathe-surface': '#f6f7f9',
    '--mantine-color-yellow-light': '#fdf6dd',
    ...Object.fromEntries(Object.entries(inkOnTint).map(([name, ink]) => [`--mantine-color-${name}-light-color`, ink])),
    '--lathe-hover': '#eef1f6',
    '--lathe-selected': '#e2e8fb',
  },
  dark: {
    '--mantine-color-dimmed': '#9aa1ae',
    '--mantine-color-placeholder': '#9097a3',
    '--mantine-color-error': '#ff8f87',
    '--lathe-surface': '#14171d',
    '--lathe-hover': '#262b34',
    '--lathe-selected': '#2a3352',
  },
});
