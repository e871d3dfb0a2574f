import { expect, it } from 'vitest';
import { inlineFunctions } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

it('replaces calls, nested ones too, with attributes given or by default', async () => {
  await expectPass(
    (model) => inlineFunctions(model),
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y, float[2] z) {
      [first] y = own.twice <slope = 0.5> (x)
      [second] z = own.twice (y)
    }
    <domain: "own", opset_import: ["" : 21, "own" : 1]>
    twice <slope: float = 0.25> (a) => (c) {
      b = own.leak <alpha: float = @slope> (a)
      c = Add (b, b)
    }
    <domain: "own", opset_import: ["" : 21]>
    leak <alpha> (u) => (v) {
      v = LeakyRelu <alpha: float = @alpha> (u)
    }`,
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y, float[2] z) {
      "first/b" = LeakyRelu <alpha = 0.5> (x)
      y = Add ("first/b", "first/b")
      "second/b" = LeakyRelu <alpha = 0.25> (y)
      z = Add ("second/b", "second/b")
    }`,
  );
});

it('keeps values of bodies apart from those that the call gives', async () => {
  await expectPass(
    (model) => inlineFunctions(model),
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] t, bool k) => (float[2] y) {
      [call] y = own.f (t, k)
    }
    <domain: "own", opset_import: ["" : 21]>
    f (a, c) => (b) {
      b = If (c) <
        then_branch = yes () => (p) { t = Neg (a) t_own = Exp (t) p = Mul (t_own, a) },
        else_branch = no () => (q) { q = If (c) <
          then_branch = deep () => (r) { t = Abs (a) r = Add (t, a) },
          else_branch = deeper () => (s) { s = Identity (a) }
        > }
      >
    }`,
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] t, bool k) => (float[2] y) {
      y = If (k) <
        then_branch = yes () => (p) { t_own1 = Neg (t) t_own = Exp (t_own1) p = Mul (t_own, t) },
        else_branch = no () => (q) { q = If (k) <
          then_branch = deep () => (r) { t_own = Abs (t) r = Add (t_own, t) },
          else_branch = deeper () => (s) { s = Identity (t) }
        > }
      >
    }`,
  );
});

const nestedOpsets = `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
  g (float[2] x) => (float[2] y) {
    [call] y = own.outer (x)
  }
  <domain: "own", opset_import: ["" : 17, "own" : 1]>
  outer (a) => (b) { c = own.inner (a) b = Neg (c) }
  <domain: "own", opset_import: ["" : 21]>
  inner (u) => (v) { v = Abs (u) }`;

it('sets no nodes of one opset into a function of another', async () => {
  const { skipped } = await expectUntouched((model) => inlineFunctions(model), nestedOpsets);
  expect(skipped).toEqual([{ node: 'call', reason: 'it is written for opset 17; raise the opset first' }]);
});

it('names the operators of a function also where the function stays for another call', async () => {
  const model = modelFromText(`<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y) {
      [first] h = own.gelu (x)
      [second] y = own.gelu (h)
    }
    <domain: "own", opset_import: ["" : 21, "com.microsoft" : 1]>
    gelu (u) => (v) { v = com.microsoft.Gelu (u) }`);
  const { model: after, changed } = inlineFunctions(model, ({ name }) => name === 'first');
  expect(changed).toBe(1);
  expect(after.opsets.get('com.microsoft')).toBe(1);
  await expectSameOutputs(model, after);
});
