/** Figures as people read them. Rounded for the eye only: `--json` gives them whole. */

const sizeUnits = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Decimal units, three digits: `1.23 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < sizeUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : threeDigits(value)} ${sizeUnits[unit]}`;
}

/** `1.23 M`, `456 k`: parameters and multiply–accumulates. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  const unit = count < 999.5e3 ? [1e3, 'k'] : count < 999.5e6 ? [1e6, 'M'] : [1e9, 'G'];
  return `${threeDigits(count / (unit[0] as number))} ${unit[1]}`;
}

export function formatMs(ms: number): string {
  return `${threeDigits(ms)} ms`;
}

/** A metric's value: shares as percent. */
export function formatMetric(value: number, unit: string): string {
  return unit === 'share' ? `${(value * 100).toFixed(1)} %` : `${threeDigits(value)}${unit === '' ? '' : ` ${unit}`}`;
}

/** A difference with its sign; differences of shares are percentage points. */
export function formatDifference(value: number, unit: string): string {
  const sign = value < 0 ? '−' : '+';
  const size = Math.abs(value);
  return unit === 'share' ? `${sign}${(size * 100).toFixed(1)}` : `${sign}${threeDigits(size)}`;
}

export function formatRatio(ratio: number): string {
  return `${threeDigits(ratio)}×`;
}

export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3);
}

/** 4.2 s, 1 min 05 s. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
