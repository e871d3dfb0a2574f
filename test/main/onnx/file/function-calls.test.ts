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
