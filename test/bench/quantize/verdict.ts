/**
 * @file `node test/bench/run.mjs quantize/verdict RESULTS.jsonl [--ours NAME]`: a row for each entry and draw, from what
 * the bench kept: whether our interval lies wholly below the tolerance, the most accurate peer among the files within a
 * tenth of our latency, and the fastest peer's int8 within the tolerance. A peer without a time of its own is left out of
 * both and counted. Then a row for each entry: in how many draws ours is at least as good as the best of its speed, and
 * each peer of its speed that is better than ours in most of the draws that it was made in.
 */

import { parseArgs } from 'node:util';
import { type Judged, latest, readResults, type Timed } from './results';

/** Half a point. */
const tolerance = 0.005;
const nearLatency = 0.1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ours: { type: 'string', default: 'static-int8' } },
});
const results = latest(readResults(positionals[0] ?? ''));
const judged = results.filter((result): result is Judged => result.kind === 'judged');
const timed = results.filter((result): result is Timed => result.kind === 'timed');

const titles = [
  'entry',
  'draw',
  'ours',
  'speed-up',
  'best peer of our speed',
  'fastest peer within 0.5 points',
  'untimed',
];
console.log(`| ${titles.join(' | ')} |\n|${'---|'.repeat(titles.length)}`);
const own = judged
  .filter(({ by }) => by === `Lathe ${values.ours}`)
  .sort((a, b) => a.entry.localeCompare(b.entry) || (a.draw ?? 0) - (b.draw ?? 0));
for (const ours of own) console.log(`| ${rowOf(ours).join(' | ')} |`);
console.log('\n| entry | at least as good as the best of its speed | better in most draws |\n|---|---|---|');
for (const entry of new Set(own.map((ours) => ours.entry))) console.log(`| ${entryRow(entry).join(' | ')} |`);

function entryRow(entry: string): string[] {
  const draws = own.filter((ours) => ours.entry === entry);
  const met = draws.filter((ours) => peersNear(ours).every((peer) => gain(ours) >= gain(peer)));
  const compared = draws.flatMap((ours) =>
    peersNear(ours).map((peer) => ({ by: peer.by, won: gain(peer) > gain(ours) })),
  );
  const winners = [...new Set(compared.map(({ by }) => by))].flatMap((by) => {
    const all = compared.filter((each) => each.by === by);
    const won = all.filter((each) => each.won).length;
    return 2 * won > all.length ? [`${by} (${won} of ${all.length})`] : [];
  });
  return [entry, `${met.length} of ${draws.length}`, winners.join(', ') || 'none'];
}

/** Files of other tools from the same draw. */
function peersOf(ours: Judged): Judged[] {
  return judged.filter(
    ({ entry, by, draw }) =>
      entry === ours.entry && !by.startsWith('Lathe ') && (draw === null || ours.draw === null || draw === ours.draw),
  );
}

/** Those within a tenth of our latency. */
function peersNear(ours: Judged): Judged[] {
  const speed = speedOf(ours);
  if (speed === undefined) return [];
  return peersOf(ours).filter((peer) => Math.abs(speed / (speedOf(peer) ?? 0) - 1) <= nearLatency);
}

function rowOf(ours: Judged): string[] {
  const speed = speedOf(ours);
  const peers = peersOf(ours);
  const known = peers.filter((peer) => speedOf(peer) !== undefined);
  const best = peersNear(ours).reduce<Judged | null>((a, b) => (a === null || gain(b) > gain(a) ? b : a), null);
  const fastest = known
    .filter((peer) => gain(peer) >= -tolerance)
    .reduce<Judged | null>((a, b) => (a === null || (speedOf(b) ?? 0) > (speedOf(a) ?? 0) ? b : a), null);
  return [
    ours.entry,
    String(ours.draw ?? 'all'),
    `${points(ours)} ${highEnd(ours) >= -tolerance ? 'holds' : 'below'}`,
    speed === undefined ? '–' : speed.toFixed(2),
    speed === undefined
      ? 'not timed'
      : best === null
        ? 'none'
        : `${best.by} ${points(best)}: ${verdict(gain(ours) >= gain(best))}`,
    speed === undefined
      ? 'not timed'
      : fastest === null
        ? 'none'
        : `${fastest.by} ${speedOf(fastest)?.toFixed(2)}: ${verdict((speed ?? 0) >= (speedOf(fastest) ?? 0))}`,
    String(peers.length - known.length),
  ];
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : 'missed';
}

function speedOf({ entry, by }: Judged): number | undefined {
  return timed.find((time) => time.entry === entry && time.by === by)?.speedup;
}

/** Difference to the original, positive where better. */
function gain({ difference, better }: Judged): number {
  return better === 'high' ? difference : -difference;
}

/** The end of the interval that speaks for the file. */
function highEnd({ ci95, better }: Judged): number {
  return better === 'high' ? ci95[1] : -ci95[0];
}

function points({ difference }: Judged): string {
  return (100 * difference).toFixed(2);
}
