/** The report of an exported variant as one self-contained page: no script, nothing loaded from anywhere. */

import type { Evaluation, Report, StepLog, TradeOff } from '../contract';
import { figure, signed } from './report-figures';
import { scatterSvg } from './report-scatter';
import { escapeText } from './report-text';

type Row = TradeOff['rows'][number];

export function reportHtml(report: Report): string {
  const { variant, project } = report;
  const sections = [
    summary(report),
    report.tradeOff === null ? '' : tradeOffSection(report.tradeOff, variant.id),
    howItWasMade(report),
    checksSection(report),
    conditionsSection(report),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeText(variant.name)} – ${escapeText(project)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<p class="kicker">${escapeText(project)}</p>
<h1>${escapeText(variant.name)}</h1>
<p class="muted"><code>${escapeText(report.model.path)}</code>, ${escapeText(figure.bytes(report.model.bytes))}, exported ${escapeText(report.madeAt.slice(0, 10))} by Lathe ${escapeText(variant.versions.lathe)}</p>
</header>
${sections.filter((section) => section !== '').join('\n')}
</main>
</body>
</html>
`;
}

/** The few figures by which one decides, each beside the original's. */
function summary({ evaluation, baseline }: Report): string {
  if (evaluation === null)
    return '<section><p class="note">This variant was exported without having been measured.</p></section>';
  const tiles = [
    qualityTile(evaluation, baseline),
    latencyTile(evaluation),
    tile('Size', figure.bytes(evaluation.bytes), ratioText(evaluation.bytes, baseline?.bytes, 'of the original')),
    evaluation.peakRssBytes === null
      ? ''
      : tile('Peak memory', figure.bytes(evaluation.peakRssBytes), originalText(baseline?.peakRssBytes, figure.bytes)),
  ];
  const warnings = evaluation.warnings.map(({ message }) => `<li>${escapeText(message)}</li>`);
  return `<section class="tiles" aria-label="Key figures">${tiles.join('')}</section>${
    warnings.length === 0 ? '' : `<ul class="note">${warnings.join('')}</ul>`
  }`;
}

function qualityTile(evaluation: Evaluation, baseline: Evaluation | null): string {
  const { mainMetric, fidelity } = evaluation;
  const metric = mainMetric === null ? undefined : evaluation.metrics[mainMetric];
  if (mainMetric === null || metric === undefined)
    return fidelity === null
      ? ''
      : tile('Fidelity', figure.share(fidelity.agreement ?? fidelity.cosineMean), 'as the original answers');
  const difference = evaluation.differences?.[mainMetric];
  const against =
    difference === undefined
      ? originalText(baseline?.metrics[mainMetric]?.value, (value) => figure.metric(value, metric.unit))
      : `${signed.metric(difference.value, metric.unit)}${difference.insideNoise ? ', inside the noise' : ''}`;
  return tile(metric.title ?? mainMetric, figure.metric(metric.value, metric.unit), against);
}

function latencyTile({ latencyMs, speedup, baselineLatencyMs }: Evaluation): string {
  const against =
    speedup === null
      ? originalText(baselineLatencyMs?.p50, figure.ms)
      : `${figure.ratio(speedup.value)} as fast${speedup.insideNoise ? ', inside the noise' : ''}`;
  return tile('Latency, median', figure.ms(latencyMs.p50), against);
}

function tile(title: string, value: string, against: string): string {
  return `<div class="tile"><h2>${escapeText(title)}</h2><p class="value">${escapeText(value)}</p><p class="muted">${escapeText(against)}</p></div>`;
}

function originalText(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '' : `original ${format(value)}`;
}

function ratioText(value: number, original: number | undefined, words: string): string {
  return original === undefined ? '' : `${figure.share(value / original)} ${words}`;
}

function tradeOffSection(tradeOff: TradeOff, exported: string): string {
  const { quality, rows } = tradeOff;
  const metric = quality === null ? undefined : rows.find((row) => row.baseline)?.evaluation.metrics[quality];
  const title = metric?.title ?? quality;
  const head = ['Model', ...(title === null ? [] : [title]), 'Latency p50', 'Speed-up', 'Size', 'Of original'];
  const body = rows.map((row) => tradeOffRow(row, quality, exported));
  return `<section>
<h2>Against the original</h2>
${scatterSvg(tradeOff, exported)}
<div class="scroll"><table>
<thead><tr>${head.map((text, at) => `<th scope="col"${at === 0 ? '' : ' class="number"'}>${escapeText(text)}</th>`).join('')}</tr></thead>
<tbody>${body.join('\n')}</tbody>
</table></div>
<p class="muted">◆ the exported variant · ● on the Pareto front: none of the others is better in quality, latency or size without being worse in another · ≈ inside the noise of the measurement</p>
</section>`;
}

function tradeOffRow(row: Row, quality: string | null, exported: string): string {
  const { evaluation } = row;
  const mark = row.id === exported ? '◆ ' : row.pareto ? '● ' : '';
  const cells = [
    ...(quality === null ? [] : [qualityCell(evaluation, quality)]),
    figure.ms(row.latencyMs),
    row.baseline || evaluation.speedup === null
      ? '–'
      : `${evaluation.speedup.insideNoise ? '≈ ' : ''}${figure.ratio(evaluation.speedup.value)}`,
    figure.bytes(evaluation.bytes),
    figure.share(row.bytesRatio),
  ];
  const classes = row.id === exported ? ' class="chosen"' : '';
  return `<tr${classes}><th scope="row">${mark}${escapeText(row.name)}</th>${cells.map((text) => `<td class="number">${escapeText(text)}</td>`).join('')}</tr>`;
}

function qualityCell(evaluation: Evaluation, name: string): string {
  const metric = evaluation.metrics[name];
  if (metric === undefined) return '–';
  const difference = evaluation.differences?.[name];
  const value = figure.metric(metric.value, metric.unit);
  if (difference === undefined) return value;
  return `${value} (${difference.insideNoise ? '≈ ' : ''}${signed.metric(difference.value, metric.unit)})`;
}

function howItWasMade({ variant }: Report): string {
  const steps = variant.steps.map(stepItem).join('');
  const made =
    variant.recipe === null
      ? '<p>The file was made elsewhere and added to the project.</p>'
      : `<ol class="steps">${steps}</ol>
<details><summary>Recipe</summary><pre>${escapeText(JSON.stringify(variant.recipe, null, 2))}</pre></details>`;
  return `<section>
<h2>How it was made</h2>
${made}
${facts([
  ['Original', `${variant.source.path}, ${figure.bytes(variant.source.bytes)}, SHA-256 ${variant.source.sha256}`],
  ['Data', variant.data === null ? 'none' : `${variant.data.path}, hash ${variant.data.hash}`],
  ['Sizes of symbolic dims', dimsText(variant.dims)],
  ['Seed', String(variant.seed)],
  ['Made by', `Lathe ${variant.versions.lathe}, onnxruntime ${variant.versions.onnxruntime}, ${variant.versions.host}`],
])}
</section>`;
}

function stepItem({ kind, method, eligible, changed, skipped, notes, seconds }: StepLog): string {
  const reasons = new Map<string, number>();
  for (const { reason } of skipped) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const lines = [...notes, ...[...reasons].map(([reason, count]) => `${count} skipped: ${reason}`)];
  const list = lines.map((line) => `<li>${escapeText(line)}</li>`).join('');
  return `<li><strong>${escapeText(kind)}: ${escapeText(method)}</strong> <span class="muted">changed ${changed} of ${eligible} places in ${seconds.toFixed(1)} s</span>${list === '' ? '' : `<ul>${list}</ul>`}</li>`;
}

function dimsText(dims: Readonly<Record<string, number>>): string {
  const texts = Object.entries(dims).map(([name, size]) => `${name} = ${size}`);
  return texts.length === 0 ? 'none' : texts.join(', ');
}

function checksSection({ checks, model }: Report): string {
  const items = checks.map(
    ({ name, passed, detail }) =>
      `<li class="${passed ? 'passed' : 'failed'}"><strong>${escapeText(name)}</strong> <span class="muted">${escapeText(detail)}</span></li>`,
  );
  return `<section>
<h2>Checked after the export</h2>
<p class="muted">The file was loaded again from the disk and run.</p>
<ul class="checks">${items.join('')}</ul>
${facts([
  ['File', [model.path, ...model.externalData].join(', ')],
  ['SHA-256', model.sha256],
])}
</section>`;
}

function conditionsSection({ evaluation }: Report): string {
  if (evaluation === null) return '';
  const { conditions, samples, latencyMs, throughput, deflatedBytes, data } = evaluation;
  const metrics = Object.entries(evaluation.metrics).map(([name, { title, value, ci95, unit }]): [string, string] => [
    title ?? name,
    `${figure.metric(value, unit)} (95 % from ${figure.metric(ci95[0], unit)} to ${figure.metric(ci95[1], unit)})`,
  ]);
  return `<section>
<h2>What was measured, and how</h2>
${facts([
  ...metrics,
  ['Judged on', data === null ? 'random inputs: no quality' : `${samples} test samples of ${data.path}`],
  ['Latency', `p50 ${figure.ms(latencyMs.p50)}, p90 ${figure.ms(latencyMs.p90)}, p99 ${figure.ms(latencyMs.p99)}`],
  ['Throughput', `${throughput.toFixed(0)} samples a second`],
  ['Size after deflate', figure.bytes(deflatedBytes)],
  [
    'Runs',
    `${conditions.runs} after ${conditions.warmups} warm-ups, batch ${conditions.batch}, ${conditions.threads} thread${conditions.threads === 1 ? '' : 's'}`,
  ],
  ['Machine', [conditions.cpu, conditions.features.join(' ')].filter((text) => text !== '').join(', ')],
  ['Runtime', `${conditions.runtime}, ${conditions.host}`],
])}
</section>`;
}

function facts(rows: readonly (readonly [string, string])[]): string {
  return `<dl>${rows.map(([name, value]) => `<div><dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd></div>`).join('')}</dl>`;
}

const style = `
:root { color-scheme: light dark; --text: #1c2230; --muted: #5b6474; --line: #dfe3ea; --page: #ffffff; --card: #f6f7f9; --accent: #1b5fc1; --good: #1d7a43; --bad: #b3261e; --warn: #fff6e0; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ef; --muted: #a3acbb; --line: #343b48; --page: #14171d; --card: #1d222b; --accent: #84b4f5; --good: #6ecb92; --bad: #f2918b; --warn: #33290f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 880px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 12px; }
section { margin-top: 36px; }
.kicker { margin: 0; color: var(--accent); font-weight: 600; }
.muted { color: var(--muted); }
.note { background: var(--warn); border-radius: 8px; padding: 12px 16px; margin-top: 16px; }
ul.note { padding-left: 32px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.tile h2 { font-size: 13px; font-weight: 600; color: var(--muted); margin: 0; }
.tile p { margin: 0; }
.tile .value { font-size: 24px; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th[scope=row] { font-weight: 500; white-space: normal; }
thead th { color: var(--muted); font-size: 13px; }
.number { text-align: right; }
.chosen { background: var(--card); }
.chosen th { font-weight: 700; }
dl { margin: 16px 0 0; }
dl div { display: grid; grid-template-columns: 190px 1fr; gap: 16px; padding: 5px 0; border-bottom: 1px solid var(--line); }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--card); border-radius: 8px; padding: 12px; overflow-x: auto; font-size: 13px; }
summary { cursor: pointer; color: var(--accent); }
.checks { list-style: none; padding: 0; }
.checks li { padding: 3px 0; overflow-wrap: anywhere; }
.checks .passed::before { content: '✓ '; color: var(--good); font-weight: 700; }
.checks .failed::before { content: '✗ '; color: var(--bad); font-weight: 700; }
svg { width: 100%; height: auto; display: block; margin-bottom: 12px; }
svg text { fill: var(--muted); font: 12px system-ui, sans-serif; }
svg .name { fill: var(--text); }
svg .grid { stroke: var(--line); }
svg .point { fill: var(--accent); fill-opacity: .35; stroke: var(--accent); stroke-width: 1.5; }
svg .original { fill: var(--muted); fill-opacity: .35; stroke: var(--muted); }
svg .exported { fill: var(--accent); fill-opacity: .9; }
svg .noise { stroke-dasharray: 3 3; }
svg .front { fill: none; stroke: var(--accent); stroke-opacity: .5; }
@media (max-width: 560px) { dl div { grid-template-columns: 1fr; gap: 0; } }
@media print { main { padding: 0; } section { break-inside: avoid; } }
`;
