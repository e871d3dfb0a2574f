import { it } from 'vitest';
import { inlineFunctions } from '../../../src-main/passes';
import { expectPass } from '../../support/expect-pass';

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
