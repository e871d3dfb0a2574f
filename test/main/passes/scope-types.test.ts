import { describe, expect, it } from 'vitest';
import { eliminateNoOps } from '../../../src-main/passes';
import { editGraphs, type Scope } from '../../../src-main/passes/pass';
import { scopeTypes } from '../../../src-main/passes/scope-types';
import { expectUntouched } from '../../support/expect-pass';
import { modelFromText } from '../../support/model-from-text';

describe('scopeTypes', () => {
  it('knows the values of bodies, and of the graphs around them', async () => {
    const model = modelFromText(
      `g (bool k, float[2, 3] x) => (float[2, 3] y) {
        a = Neg (x)
        y = If (k) <
          then_branch = t () => (float[2, 3] p) { b = Cast <to = 11> (a) c = Neg (b) p = Cast <to = 1> (c) },
          else_branch = e () => (float[2, 3] q) { q = Neg (a) }
        >
      }`,
    );
    const types = await scopeTypes(model);
    const scopes: Scope[] = [];
    editGraphs(model, (scope) => {
      scopes.push(scope);
      return scope.graph;
    });
    const [main, body] = scopes as [Scope, Scope];
    expect(types.of(body, 'b')).toEqual({ kind: 'tensor', dtype: 'float64', shape: [2, 3] });
    expect(types.shapeOf(body, 'a')).toEqual([2, 3]);
    expect(types.of(main, 'b')).toBeNull();
  });

  it('does not take the value of a function for one of the same name in the main graph', async () => {
    await expectUntouched(
      eliminateNoOps,
      `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (float[2, 3] a, float16[4] u) => (float[2, 3] b, float[4] y) {
        [cast] b = Neg (a)
        [call] y = own.wide (u)
      }
      <domain: "own", opset_import: ["" : 21]>
      wide (a) => (c) {
        b = Cast <to = 1> (a)
        c = Neg (b)
      }`,
    );
  });
});
