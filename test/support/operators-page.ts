/** `docs/operators.md`: what each room does with an operator, asked of the code's own tables and of its methods. */

import { resolveOptions, unwatched } from '../../src-main/contract';
import { gradientFamilies, gradients } from '../../src-main/distil/gradients';
import { noGradient, notWritten } from '../../src-main/distil/no-gradient';
import { plainFormFamilies, plainForms } from '../../src-main/distil/plain-forms';
import { recurrent } from '../../src-main/distil/write-out-recurrent';
import { macsOps } from '../../src-main/inspect';
import { type Model, makeNode } from '../../src-main/onnx/ir';
import { findWeights, prunableOps } from '../../src-main/prune/weights';
import { float32OnlyOf } from '../../src-main/quantize/half-types';
import { methods } from '../../src-main/quantize/methods';
import { integerOps, isComputeNode } from '../../src-main/quantize/place';
import { gradientTests } from './gradient-tests';
import { modelFromText, randomTensor } from './model-from-text';

/** Today's opset: what is float32 only in older ones is not in it. */
const opset = 21;

export async function operatorsPage(workDir: string): Promise<string> {
  return [
    '# Operators',
    '',
    'What Lathe does with each operator. Made by `npm run docs:operators` from the tables in the code; a test holds it up to date.',
    '',
    'Operators that are not listed are carried through as they are: they stay float, their weights are left alone, they do no',
    "multiply–accumulates, and training stops at them with their name. Types and shapes come from onnxruntime's own inference and",
    'so are known of every operator that it knows. Those of com.microsoft are what its optimisations make.',
    '',
    '| operator | MACs | gradient | static int8 | half precision |',
    '|---|---|---|---|---|',
    ...operators().map(operatorRow),
    '',
    '- **MACs**: multiply–accumulates are counted.',
    `- **gradient**: training goes through it: ${Object.keys(gradients).length} operators by a gradient of their own, ${writtenOut.length} written out in others first (recurrent ones`,
    `  and Loop as a Scan over their steps). ${Object.keys(noGradient).length} have no derivative, and that of ${notWrittenOps.length} is not written, for the reason that is given.`,
    "- **static int8**: onnxruntime's CPU provider has a kernel on 8-bit integers, and Lathe places Q/DQ pairs around it.",
    '- **half precision**: floats become float16 unless it says that they stay; *in part*: some inputs do.',
    '',
    '## Gradients',
    '',
    'Where each is written, in `src-main/distil`, and which test of `test/main/distil` holds it against central differences (those of',
    'QuantizeLinear and DequantizeLinear, which are steps, against a case worked by hand). A test fails where one has none.',
    '',
    '| operator | written in | tested in |',
    '|---|---|---|',
    ...gradientRows(),
    '',
    '## Weights',
    '',
    'What becomes of a weight that is held as a constant, by the methods that need no calibration data, tried on one node each.',
    '',
    ...(await weightTable(workDir)),
    '',
  ].join('\n');
}

function operators(): string[] {
  const candidates = new Set([
    ...macsOps,
    ...integerOps,
    ...prunableOps,
    ...Object.keys(gradients),
    ...Object.keys(noGradient),
    ...Object.keys(notWritten),
    ...writtenOut,
  ]);
  return [...candidates].sort((a, b) => Number(a.includes('.')) - Number(b.includes('.')) || (a < b ? -1 : 1));
}

const writtenOut = [...recurrent, 'Loop', ...Object.keys(plainForms)];
const notWrittenOps = Object.keys(notWritten).filter((op) => !writtenOut.includes(op));

/** Operator → its file in `src-main/distil`. */
export function gradientFiles(): ReadonlyMap<string, string> {
  const filesOf = (folder: string, families: Readonly<Record<string, object>>) =>
    Object.entries(families).flatMap(([file, family]) =>
      Object.keys(family).map((op): [string, string] => [op, `${folder}/${file}.ts`]),
    );
  return new Map([
    ...filesOf('gradients', gradientFamilies),
    ...filesOf('plain-forms', plainFormFamilies),
    ...recurrent.map((op): [string, string] => [op, 'write-out-recurrent.ts']),
    ['Loop', 'write-out-loops.ts'],
  ]);
}

function gradientRows(): string[] {
  const tests = gradientTests();
  const files = gradientFiles();
  return operators()
    .filter((op) => files.has(op))
    .map((op) => `| ${op} | ${files.get(op)} | ${(tests.get(op) ?? []).join(', ')} |`);
}

function gradientOf(op: string): string {
  if (op in gradients) return 'yes';
  if (writtenOut.includes(op)) return 'written out';
  return noGradient[op] ?? notWritten[op]?.reason ?? 'not known';
}

function operatorRow(op: string): string {
  const macs = macsOps.includes(op) ? 'yes' : '';
  if (op.includes('.')) return `| ${op} | ${macs} | ${gradientOf(op)} | | stays float32 |`;
  return `| ${op} | ${macs} | ${gradientOf(op)} | ${integerOps.includes(op) ? 'yes' : int8Refusal(op)} | ${halfPrecision(op)} |`;
}

/** Multiplies, but has no kernel on integers. */
function int8Refusal(op: string): string {
  return isComputeNode(makeNode(op, op, [], [])) ? 'no kernel' : '';
}

function halfPrecision(op: string): string {
  const kept = float32OnlyOf(makeNode(op, op, [], []), opset);
  return kept === 'all' ? 'stays float32' : kept.length === 0 ? '' : 'in part';
}

/** One node each, with a weight large enough for every method. */
const specimens: readonly (readonly [op: string, model: () => Model])[] = [
  ['Conv', () => withWeight('float[1, 8, 8, 8] x', 'y = Conv (x, w)', [16, 8, 3, 3])],
  ['ConvTranspose', () => withWeight('float[1, 8, 8, 8] x', 'y = ConvTranspose (x, w)', [8, 16, 3, 3])],
  ['Gemm', () => withWeight('float[4, 128] x', 'y = Gemm (x, w)', [128, 256])],
  ['MatMul', () => withWeight('float[4, 128] x', 'y = MatMul (x, w)', [128, 256])],
  ['Gather', () => withWeight('int64[4] x', 'y = Gather (w, x)', [512, 128])],
  ['LSTM', () => withWeights('y = LSTM <hidden_size = 64> (x, w, r)', [1, 256, 128], [1, 256, 64])],
  ['GRU', () => withWeights('y = GRU <hidden_size = 64> (x, w, r)', [1, 192, 128], [1, 192, 64])],
  [
    'com.microsoft.Attention',
    () => withWeights('y = com.microsoft.Attention <num_heads = 4> (x, w, r)', [128, 384], [384]),
  ],
];

function withWeights(node: string, w: number[], r: number[]): Model {
  const header = `<ir_version: 10, opset_import: ["" : ${opset}, "com.microsoft" : 1]>`;
  return modelFromText(`${header} g (float[4, 2, 128] x) => (float y) { ${node} }`, [
    randomTensor('w', w, 1),
    randomTensor('r', r, 2),
  ]);
}

function withWeight(input: string, node: string, shape: number[]): Model {
  return modelFromText(`<ir_version: 10, opset_import: ["" : ${opset}]> g (${input}) => (float y) { ${node} }`, [
    randomTensor('w', shape, 1),
  ]);
}

/** @param workDir a folder for what methods write meanwhile */
async function weightTable(workDir: string): Promise<string[]> {
  const free = methods.filter(({ data, name }) => (data === 'none' || data === 'optional') && name !== 'fp16');
  const rows = await Promise.all(
    specimens.map(async ([op, model]) => {
      const outcomes: string[] = [];
      for (const method of free) outcomes.push(await outcomeOf(method, model(), workDir));
      return `| ${[op, ...outcomes, prunes(model())].join(' | ')} |`;
    }),
  );
  return [
    `| operator | ${free.map(({ name }) => name).join(' | ')} | pruning |`,
    `|---|${'---|'.repeat(free.length + 1)}`,
    ...rows,
  ];
}

/** `yes`, or the reason that the method gives for leaving the node alone; nothing where it passes it by. */
async function outcomeOf(method: (typeof methods)[number], model: Model, workDir: string): Promise<string> {
  try {
    const context = { ...unwatched(), dims: {}, seed: 0, workDir, original: model };
    await method.run(model, resolveOptions(method.options, {}, method.name), {}, context);
    return 'yes';
  } catch (thrown) {
    const [, reason] =
      /nothing changed(?:: "[^"]*": ([^;]*?)(?:; try .*)?|, since .*)$/.exec((thrown as Error).message) ?? [];
    if (!(thrown as Error).message.includes('nothing changed')) throw thrown;
    return reason ?? '';
  }
}

function prunes(model: Model): string {
  return findWeights(model, {}, 1).weights.length > 0 ? 'yes' : '';
}
