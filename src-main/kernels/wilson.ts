/** The interval of a proportion. */

/** 97.5 % quantile of the normal distribution. */
export const z95 = 1.959963984540054;

/**
 * Wilson's score interval at 95 % for `hits` of `trials` (E. B. Wilson, JASA 22, 1927). Stays inside 0…1 and is honest
 * near both ends. [0, 1] without trials.
 */
export function wilsonInterval(hits: number, trials: number): [number, number] {
  if (trials === 0) return [0, 1];
  const share = hits / trials;
  const z2 = z95 * z95;
  const centre = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half = (z95 / (1 + z2 / trials)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
