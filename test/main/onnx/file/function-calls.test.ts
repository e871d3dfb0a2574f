import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readModel, writeModel } from '../../../../src-main/onnx/file';
import { openSession } from '../../../../src-main/onnx/session';
import { temporaryFolder } from '../../../support/folder';
import { modelFromText } from '../../../support/model-from-text';

const calling = (call: string, signature: string): string =>
  `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
  g (float[2] x, bool k) => (float[2] y) {
    [branch] y = If (k) <
      then_branch = t () => (float[2] p) { [call] ${call} },
      else_branch = e () => (float[2] q) { q = Identity (x) }
    >
  }
  <domain: "own", opset_import: ["" : 21]>
  f ${signature} { c = Relu (a) d = Neg (a) }`;

async function reread(call: string, signature: string) {
  const path = join(temporaryFolder(), 'calls.onnx');
  await writeModel(modelFromText(calling(call, signature)), path);
  return readModel(path);
}

// Without the refusal a session of the first model ends the process.
test.each([
  [
    'p = own.f (x)',
    '() => (c)',
    /^f "call": has 1 inputs, and the function that it calls has 0 \(calls\.onnx\); the file/,
  ],
  ['p = own.f (x, x)', '(a) => (c)', /^f "call": has 2 inputs, and the function that it calls has 1 \(/],
  ['p, z = own.f (x)', '(a) => (c)', /^f "call": has 2 outputs, and the function that it calls has 1 \(/],
])('the call %s of a function %s is refused', async (call, signature, message) => {
  await expect(reread(call, signature)).rejects.toThrow(message);
});

test('a call may leave out what comes last', async () => {
  const model = await reread('p = own.f (x)', '(a, b) => (c)');
  await (await openSession(model)).release();
});

const chain = (functions: string): string => `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
  g (float[2] x) => (float[2] y) { y = own.f0 (x) }
  ${functions}`;
const fn = (name: string, body: string): string =>
  `<domain: "own", opset_import: ["" : 21, "own" : 1]> ${name} (a) => (b) { ${body} }`;

async function rereadChain(functions: readonly string[]) {
  const path = join(temporaryFolder(), 'chain.onnx');
  await writeModel(modelFromText(chain(functions.join('\n'))), path);
  return readModel(path);
}

test('functions that come back to themselves are refused', async () => {
  const ring = [fn('f0', 'b = own.f1 (a)'), fn('f1', 'c = Abs (a) b = own.f0 (c)')];
  await expect(rereadChain(ring)).rejects.toThrow('function "own.f0": calls itself, or one that does (chain.onnx)');
});

test('calls that stand for more nodes than can be held are refused at once', async () => {
  // Each calls the next ten times.
  const calls = (next: string): string =>
    Array.from({ length: 10 }, (_, at) => `c${at + 1} = own.${next} (c${at})`).join(' ');
  const tenfold = (next: string): string => `c0 = Abs (a) ${calls(next)} b = Neg (c10)`;
  const fan = Array.from({ length: 9 }, (_, at) => fn(`f${at}`, at === 8 ? 'b = Abs (a)' : tenfold(`f${at + 1}`)));
  // f8 has 1 node, each before it 10 of the next and 2.
  await expect(rereadChain(fan)).rejects.toThrow(
    /^chain\.onnx: the calls of its functions stand for 122222222 nodes, more than 4000000; the file may/,
  );
});

// Without the limit a session of some thousand ends the process.
test('functions may call one another 500 deep', async () => {
  const row = (length: number): string[] =>
    Array.from({ length }, (_, at) => fn(`f${at}`, at === length - 1 ? 'b = Abs (a)' : `b = own.f${at + 1} (a)`));
  const model = await rereadChain(row(500));
  await (await openSession(model)).release();
  await expect(rereadChain(row(501))).rejects.toThrow('chain.onnx: its functions call one another 501 deep');
});
