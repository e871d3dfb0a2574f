/** Figures as a report prints them. */

export const figure = {
  share: (value: number): string => `${(100 * value).toFixed(1)} %`,
  ratio: (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)}×`,
  ms: (value: number): string => `${value.toPrecision(3)} ms`,
  bytes: (value: number): string => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
    const scaled = value / 1000 ** power;
    return `${power === 0 ? scaled : scaled.toFixed(scaled < 10 ? 2 : 1)} ${units[power]}`;
  },
  /** Shares 0…1 as per cent, everything else with its unit. */
  metric: (value: number, unit: string): string =>
    unit === 'share' ? figure.share(value) : `${value.toPrecision(4)} ${unit}`.trimEnd(),
};

export const signed = {
  /** A difference: of shares in percentage points. */
  metric: (value: number, unit: string): string => {
    const sign = value > 0 ? '+' : value < 0 ? '−' : '±';
    const size = Math.abs(value);
    return unit === 'share' ? `${sign}${(100 * size).toFixed(1)} points` : `${sign}${figure.metric(size, unit)}`;
  },
};
