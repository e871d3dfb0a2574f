/** Figures as people read them. Only spelling: no function here derives one figure from another. */

const nbsp = '\u00a0';
const minus = '\u2212';
export const missing = '–';

/** At most `digits` significant digits, at least the whole part: 12.3, 0.0456, 12,345. */
export function number(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return missing;
  const text = new Intl.NumberFormat('en', {
    maximumSignificantDigits: Math.max(digits, wholeDigits(value)),
    minimumSignificantDigits: Number.isInteger(value) ? 1 : Math.max(digits, wholeDigits(value)),
  }).format(Math.abs(value));
  return value < 0 ? `${minus}${text}` : text;
}

export function integer(value: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value);
}

/** 0.9731 → 97.3 %. */
export function percent(share: number, decimals = 1): string {
  return `${fixed(share * 100, decimals)}${nbsp}%`;
}

/** A difference of shares in percentage points: −0.0012 → −0.12 pt. */
export function points(difference: number, decimals = 2): string {
  return `${signed(difference * 100, decimals)}${nbsp}pt`;
}

/** Decimal units, as file managers and data sheets write them: 1 MB = 10⁶ bytes. */
export function bytes(value: number): string {
  return scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** Parameters and multiply–accumulates: 9.9 k, 1.2 M. */
export function quantity(value: number): string {
  return value < 1000 ? integer(value) : scaled(value, 1000, ['', 'k', 'M', 'G', 'T']);
}

/** Always in milliseconds, so that the figures of a column can be compared by eye. */
export function milliseconds(value: number): string {
  return `${number(value)}${nbsp}ms`;
}

/** A tick of an axis: no more digits than it has. */
export function tick(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 6 }).format(value).replace('-', minus);
}

/** A job's time: 4.2 s, 1 min 05 s. */
export function seconds(value: number): string {
  if (value < 60) return `${number(value, value < 10 ? 2 : 3)}${nbsp}s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)}${nbsp}min ${String(whole % 60).padStart(2, '0')}${nbsp}s`;
}

/** 1.83 → 1.83×. */
export function times(value: number): string {
  return `${number(value)}×`;
}

export function rate(value: number): string {
  return `${value >= 100 ? integer(value) : number(value)}/s`;
}

/** A metric in its own unit: shares as per cent, bits as bits; the names of the others say what they count. */
export function metric(value: number, unit: string): string {
  if (unit === 'share') return percent(value);
  return unit === 'bits' ? `${number(value)}${nbsp}${unit}` : number(value);
}

/** A difference in the metric's own unit. */
export function difference(value: number, unit: string): string {
  if (unit === 'share') return points(value);
  const text = number(Math.abs(value));
  return value < 0 ? `${minus}${text}` : `+${text}`;
}

export function interval(bounds: readonly [number, number], unit: string): string {
  const [low, high] = bounds;
  if (unit === 'share') return `${fixed(low * 100, 1)}–${fixed(high * 100, 1)}${nbsp}%`;
  return `${number(low)}–${number(high)}`;
}

export function differenceInterval(bounds: readonly [number, number], unit: string): string {
  if (unit === 'share') return `${signed(bounds[0] * 100, 2)} … ${points(bounds[1])}`.replaceAll(' ', nbsp);
  return `${difference(bounds[0], unit)} … ${difference(bounds[1], unit)}`;
}

/** A p-value: `p < 0.001`, `p = 0.04`. */
export function pValue(p: number): string {
  return p < 0.001 ? `p${nbsp}<${nbsp}0.001` : `p${nbsp}=${nbsp}${number(p, 2)}`;
}

/** `[batch, 3, 224, 224]`; an unknown dimension is a question mark. */
export function shape(dims: readonly (number | string | null)[] | null): string {
  return dims === null ? '?' : `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
}

/** The last part of a path, either kind of slash. */
export function baseName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

/** When something was: a time today, else a date. */
export function moment(iso: string, language: string, now = new Date()): string {
  const date = new Date(iso);
  const today = date.toDateString() === now.toDateString();
  return new Intl.DateTimeFormat(language, today ? { timeStyle: 'short' } : { dateStyle: 'medium' }).format(date);
}

function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `${minus}${text}` : text;
}

function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return text.startsWith(minus) || Number(text) === 0 ? text : `+${text}`;
}

function wholeDigits(value: number): number {
  return Math.max(1, Math.floor(Math.log10(Math.max(1, Math.abs(value)))) + 1);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (rest >= base * 0.9995 && unit < units.length - 1) {
    rest /= base;
    unit += 1;
  }
  const text = unit === 0 ? integer(rest) : number(rest);
  return `${text}${nbsp}${units[unit]}`.trimEnd();
}
