/**
 * @file `npm run test:conformance`: ONNX's own backend test data against Lathe. Every model is opened, saved again and
 * cleaned; where onnxruntime gives the stored outputs for the original, it must give them for all that Lathe made of it.
 *
 * Options: `--data FOLDER` a folder `onnx/backend/test/data` that is there already; `--only TEXT` models with it in
 * their names; `--list` every model that is not equal; `--raise` writes the floor file.
 */

import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { LatheError, resolveOptions, unwatched } from '../../src-main/contract';
import { modelFromBytes, modelText, readModel, readTensor, writeModel } from '../../src-main/onnx/file';
import { elementCount, type Feeds, type Model, type NdArray, type Value } from '../../src-main/onnx/ir';
import { openSession } from '../../src-main/onnx/session';
import { passes, raiseOpset } from '../../src-main/passes';
import { bytesField, modelBytes } from '../support/wire';

const package_ = 'onnx==1.18.0';
const kinds = ['node', 'simple', 'light', 'pytorch-converted', 'pytorch-operator'];
/** Of onnx/backend/test/runner: what its own comparison allows. */
const tolerance = { relative: 1e-3, absolute: 1e-7 };

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    raise: { type: 'boolean', default: false },
    /** Judges what the parent sends, in the folder given. */
    child: { type: 'string' },
  },
});
/** While the model itself runs, whatever goes wrong is the runtime's. */
const originalStage = 'original';
const floorFile = join(process.cwd(), 'test', 'bench', 'conformance.json');
const scratch = options.child ?? mkdtempSync(join(tmpdir(), 'lathe-conformance-'));

interface Case {
  readonly name: string;
  readonly model: string;
  readonly sets: readonly { readonly inputs: readonly string[]; readonly outputs: readonly string[] }[];
}

/** `other`: the runtime runs the original, but not to the stored outputs. */
type Verdict = 'equal' | 'refused' | 'other' | 'failed';
interface Outcome {
  readonly name: string;
  readonly verdict: Verdict;
  readonly reason: string;
  /** Passes that declined to work on it. */
  readonly declined: readonly string[];
  /** Whether the runtime refuses it as it is, but gives the stored outputs at a newer opset. */
  readonly isEqualRaised: boolean;
}

if (options.child !== undefined) serveAsChild();
else {
  try {
    const folder = options.data ?? install();
    if (folder !== null) process.exitCode = await report(await runAll(casesIn(folder)));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Installs the package into a throw-away environment; null, with the reason printed, where that cannot be. */
function install(): string | null {
  const environment = join(scratch, 'venv');
  const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const steps: [string, string[]][] = [
    [process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', environment]],
    [python, ['-m', 'pip', 'install', '--quiet', '--no-deps', package_]],
    [python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']],
  ];
  let printed = '';
  for (const [command, args] of steps) {
    const result = spawnSync(command, args, { encoding: 'utf8' });
    if (result.status !== 0) {
      const why = result.error?.message ?? result.stderr.trim().split('\n').at(-1);
      console.log(`not run: \`${[basename(command), ...args].join(' ')}\` failed (${why})`);
      return null;
    }
    printed = result.stdout.trim();
  }
  return join(printed, 'onnx', 'backend', 'test', 'data');
}

function casesIn(folder: string): Case[] {
  const cases: Case[] = [];
  for (const kind of kinds) {
    for (const entry of readdirSync(join(folder, kind)).sort()) {
      const path = join(folder, kind, entry);
      const name = `${kind}/${entry}`;
      if (options.only !== undefined && !name.includes(options.only)) continue;
      if (entry.endsWith('.onnx')) {
        const outputs = [path.replace(/\.onnx$/, '_output_0.pb')];
        cases.push({ name, model: path, sets: [{ inputs: [], outputs }] });
      } else if (existsSync(join(path, 'model.onnx'))) {
        cases.push({ name, model: join(path, 'model.onnx'), sets: setsIn(path) });
      }
    }
  }
  return cases;
}

function setsIn(folder: string): Case['sets'] {
  const numbered = (set: string, prefix: string) =>
    readdirSync(join(folder, set))
      .filter((file) => file.startsWith(prefix))
      .sort((a, b) => numberIn(a) - numberIn(b))
      .map((file) => join(folder, set, file));
  return readdirSync(folder)
    .filter((entry) => entry.startsWith('test_data_set_'))
    .map((set) => ({ inputs: numbered(set, 'input_'), outputs: numbered(set, 'output_') }));
}

function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0]);
}

/** What the child process says of a case: what it is doing, and at last what came out. */
type Message = { readonly stage: string } | { readonly outcome: Outcome };

/** Cases are judged in a process of their own: the runtime ends it on some of them. */
async function runAll(cases: readonly Case[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let child = fork(process.argv[1] as string, ['--child', scratch]);
  for (const [index, it] of cases.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r${index + 1} of ${cases.length}`);
    const outcome = await judgeIn(child, it);
    if (child.exitCode !== null || child.signalCode !== null)
      child = fork(process.argv[1] as string, ['--child', scratch]);
    if (options.list && outcome.verdict !== 'equal') {
      const raised = outcome.isEqualRaised ? ' (equal once its opset is raised)' : '';
      console.log(`${outcome.verdict.padEnd(8)}${outcome.name}: ${outcome.reason.slice(0, 240)}${raised}`);
    }
    outcomes.push(outcome);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  child.disconnect();
  return outcomes;
}

function judgeIn(child: ChildProcess, it: Case): Promise<Outcome> {
  return new Promise((resolve) => {
    let stage = '';
    const settle = (outcome: Outcome) => {
      child.removeAllListeners();
      resolve(outcome);
    };
    child.on('message', (message: Message) => {
      if ('stage' in message) stage = message.stage;
      else settle(message.outcome);
    });
    child.on('exit', (_code, signal) => {
      const reason = `the process was ended by ${signal} at: ${stage}`;
      settle({
        name: it.name,
        verdict: stage === originalStage ? 'refused' : 'failed',
        reason,
        declined: [],
        isEqualRaised: false,
      });
    });
    child.send(it);
  });
}

function serveAsChild(): void {
  process.on('message', async (it: Case) => process.send?.({ outcome: await judge(it) }));
}

function enter(stage: string): void {
  process.send?.({ stage });
}

async function judge(it: Case): Promise<Outcome> {
  const declined: string[] = [];
  let isEqualRaised = false;
  const say = (verdict: Verdict, reason: string): Outcome => {
    return { name: it.name, verdict, reason, declined, isEqualRaised };
  };
  let stage = 'open and save';
  try {
    enter(stage);
    const original = await readModel(it.model);
    const made = await saveAll(original);
    stage = originalStage;
    enter(stage);
    const difference = await outputsOf(it, original, it.model);
    if (difference !== null) return say('other', difference);
    for (const [what, make] of [...made, ['cleaned', () => clean(original, declined)] as const]) {
      stage = what;
      enter(stage);
      const found = await outputsOf(it, original, await make());
      if (found !== null) return say('failed', `${what}: ${found}`);
    }
    return say('equal', '');
  } catch (error) {
    if (stage !== originalStage) return say('failed', `${stage}: ${error}`);
    isEqualRaised = await runsRaised(it);
    return say('refused', String(error));
  }
}

/** Whether an old model that the runtime refuses gives the stored outputs once its opset is raised. */
async function runsRaised(it: Case): Promise<boolean> {
  try {
    const original = await readModel(it.model);
    if ((original.opsets.get('') ?? Infinity) >= 7) return false;
    const { model } = await raiseOpset(original, 13);
    return (await outputsOf(it, original, model)) === null;
  } catch {
    return false;
  }
}

/** null where every stored set of outputs comes out. */
async function outputsOf(it: Case, original: Model, model: Model | string): Promise<string | null> {
  for (const set of it.sets) {
    const outputs = await run(model, feedsOf(original, set.inputs));
    const difference = compare(outputs, storedOutputs(original, set.outputs));
    if (difference !== null) return difference;
  }
  return null;
}

/** Saves in every form; each file must read back as the same model. */
async function saveAll(original: Model): Promise<(readonly [string, () => Promise<Model | string>])[]> {
  const saved = join(scratch, 'saved.onnx');
  const external = join(scratch, 'external.onnx');
  await writeModel(original, saved);
  await writeModel(original, external, { externalData: 'always' });
  for (const path of [saved, external]) {
    if (modelText(await readModel(path)) !== modelText(original))
      throw new Error(`${basename(path)} reads differently`);
  }
  return [
    ['saved', async () => saved],
    ['with external data', async () => external],
    ['from memory', async () => original],
  ];
}

/** All passes one after the other; one that declines says why and leaves the model as it was. */
async function clean(original: Model, declined: string[]): Promise<Model> {
  let model = original;
  for (const pass of passes) {
    const chosen = resolveOptions(pass.options, {}, pass.name);
    try {
      model = (await pass.run(model, { ...unwatched(), options: chosen, isTarget: () => true })).model;
    } catch (error) {
      if (!(error instanceof LatheError)) throw error;
      declined.push(pass.name);
    }
  }
  return model;
}

async function run(model: Model | string, feeds: Feeds): Promise<Record<string, NdArray>> {
  const session = await openSession(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Inputs that are no initializers, in order. The light models have none stored: their runner makes a ramp. */
function feedsOf(model: Model, files: readonly string[]): Feeds {
  const inputs = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  if (files.length === 0 && inputs.length > 0) return Object.fromEntries(inputs.map((it) => [it.name, ramp(it)]));
  return Object.fromEntries(files.map((file, index) => [inputs[index]?.name ?? '', storedArray(file, inputs[index])]));
}

function ramp({ type }: Value): NdArray {
  if (type?.kind !== 'tensor' || type.dtype !== 'float32') throw new Error('input is no float32 tensor');
  const shape = (type.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : 1));
  const count = elementCount(shape);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: count }, (_, index) => index / count) };
}

function storedOutputs(model: Model, files: readonly string[]): NdArray[] {
  return files.map((file, index) => storedArray(file, model.graph.outputs[index]));
}

/** The TensorProto of a file, read as the one initializer of a model. */
function storedArray(file: string, value: Value | undefined): NdArray {
  if (value?.type?.kind !== 'tensor') {
    throw new Error(`onnxruntime-node takes and gives tensors only, "${value?.name}" is a ${value?.type?.kind}`);
  }
  const { graph } = modelFromBytes(modelBytes(bytesField(5, readFileSync(file))), basename(file));
  const [tensor] = graph.initializers.values();
  if (tensor === undefined) throw new Error(`${file} holds no tensor`);
  return readTensor(tensor);
}

/** null where the outputs are equal as ONNX's own runner counts it. */
function compare(outputs: Record<string, NdArray>, stored: readonly NdArray[]): string | null {
  const arrays = Object.entries(outputs);
  if (arrays.length !== stored.length) return `${arrays.length} outputs instead of ${stored.length}`;
  for (const [index, [name, array]] of arrays.entries()) {
    const wanted = stored[index] as NdArray;
    if (array.dtype !== wanted.dtype) return `"${name}" is ${array.dtype} instead of ${wanted.dtype}`;
    if (array.shape.join() !== wanted.shape.join()) return `"${name}" is [${array.shape}] instead of [${wanted.shape}]`;
    for (let at = 0; at < wanted.data.length; at++) {
      if (!isClose(array, wanted, at)) return `"${name}"[${at}] is ${array.data[at]} instead of ${wanted.data[at]}`;
    }
  }
  return null;
}

function isClose(array: NdArray, stored: NdArray, at: number): boolean {
  const got = array.data[at];
  const wanted = stored.data[at];
  if (got === wanted) return true;
  const [a, b] = [asNumber(array, at), asNumber(stored, at)];
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  return Math.abs(a - b) <= tolerance.absolute + tolerance.relative * Math.abs(b);
}

/** Half types are kept as their bits; texts are no numbers. */
function asNumber({ dtype, data }: NdArray, at: number): number {
  const value = data[at];
  if (typeof value === 'string') return Number.POSITIVE_INFINITY;
  if (dtype === 'float16') return half(Number(value), 10);
  if (dtype === 'bfloat16') return half(Number(value), 7);
  return Number(value);
}

function half(bits: number, mantissaBits: number): number {
  const exponentBits = 15 - mantissaBits;
  const exponent = (bits >> mantissaBits) & (2 ** exponentBits - 1);
  const mantissa = bits & (2 ** mantissaBits - 1);
  const sign = bits & 0x8000 ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const fraction = mantissa / 2 ** mantissaBits;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

async function report(outcomes: readonly Outcome[]): Promise<number> {
  const count = (verdict: Verdict) => outcomes.filter((it) => it.verdict === verdict).length;
  const [equal, refused, other, failed] = [count('equal'), count('refused'), count('other'), count('failed')];
  console.log(`${outcomes.length} models of ${package_}: ${kinds.join(', ')}`);
  console.log(`equal                   ${equal}`);
  console.log(`refused by the runtime  ${refused + other} (${refused} not run, ${other} run to other outputs)`);
  const raised = outcomes.filter((it) => it.isEqualRaised).length;
  console.log(`  of these are ${raised} of an opset below 7, and equal once it is raised`);
  console.log(`failed by us            ${failed}`);
  for (const { name } of passes) {
    const times = outcomes.filter((it) => it.declined.includes(name)).length;
    if (times > 0) console.log(`pass ${name} declined ${times} times, which left the model as it was`);
  }
  for (const it of outcomes) if (it.verdict === 'failed') console.log(`  ${it.name}: ${it.reason}`);
  if (options.only !== undefined) return failed === 0 ? 0 : 1;
  const floor = existsSync(floorFile) ? (JSON.parse(readFileSync(floorFile, 'utf8')) as { equal: number }).equal : 0;
  if (options.raise && equal > floor) writeFileSync(floorFile, `{ "equal": ${equal} }\n`);
  if (equal < floor) console.log(`fewer are equal than the ${floor} of test/bench/conformance.json`);
  return failed === 0 && equal >= floor ? 0 : 1;
}
