/** Each pass works in the main graph, in bodies of If, Loop and Scan, and in functions. */

import { describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../../src-main/contract';
import { type Pass, passes } from '../../../src-main/passes';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

/** Nodes that make `y` of `x`, both float[2, 3], and in which the pass named has something to do. */
const snippets: Readonly<Record<string, string>> = {
  'inline-functions': 'y = own.twice (x)',
  'lift-constants': 'c = Constant <value = float {2}> () y = Mul (x, c)',
  'fold-shapes': 'n = Shape (x) a = Neg (x) y = Reshape (a, n)',
  'fold-constants': 'c = Constant <value = float {2}> () d = Neg (c) y = Mul (x, d)',
  'resolve-if': `k = Constant <value = bool {1}> ()
    y = If (k) <then_branch = yes () => (float[2, 3] u) { u = Abs (x) }, else_branch = no () => (float[2, 3] v) { v = Neg (x) }>`,
  'eliminate-no-ops': 'a = Identity (x) b = Dropout (a) y = Abs (b)',
  'fold-batch-norm': `w = Constant <value = float[3, 3] {1, 2, 3, 4, 5, 6, 7, 8, 9}> ()
    s = Constant <value = float[3] {1, 2, 3}> ()
    m = Gemm (x, w) y = BatchNormalization (m, s, s, s, s)`,
  'fold-scale': `w = Constant <value = float[3, 3] {1, 2, 3, 4, 5, 6, 7, 8, 9}> ()
    s = Constant <value = float[3] {1, 2, 3}> ()
    m = Gemm (x, w) y = Mul (m, s)`,
  'fold-pad': `shape = Constant <value = int64[4] {1, 1, 2, 3}> () back = Constant <value = int64[2] {2, 3}> ()
    pads = Constant <value = int64[8] {0, 0, 1, 1, 0, 0, 1, 1}> ()
    w = Constant <value = float[1, 1, 3, 3] {1, 2, 3, 4, 5, 6, 7, 8, 9}> ()
    r = Reshape (x, shape) p = Pad (r, pads) c = Conv (p, w) y = Reshape (c, back)`,
  'push-transposes': 'a = Transpose <perm = [1, 0]> (x) b = Relu (a) c = Transpose <perm = [1, 0]> (b) y = Abs (c)',
  'share-subexpressions': 'a = Relu (x) b = Relu (x) y = Add (a, b)',
  'eliminate-dead-nodes': 'a = Relu (x) y = Abs (x)',
  'raise-opset': 'y = ReduceMax <axes = [0], keepdims = 1> (x)',
  fuse: `one = Constant <value = float {1}> () half = Constant <value = float {0.5}> ()
    root = Constant <value = float {1.4142135}> ()
    a = Div (x, root) b = Erf (a) c = Add (b, one) d = Mul (x, c) y = Mul (d, half)`,
};

/** A function has no initializers: this one says so. */
const notInFunctions = new Set(['lift-constants']);
/** Their interface is that of the main graph, or they are about initializers (tested by themselves). */
const elsewhere = new Set(['fix-dims', 'share-initializers', 'unused-initializers']);

const places: Readonly<Record<string, (nodes: string) => string>> = {
  'the main graph': (nodes) => `g (float[2, 3] i) => (float[N, 3] o) { ${nodes} }`,
  'a branch of If': (nodes) => `g (bool k0, float[2, 3] i) => (float[N, 3] r) {
    r = If (k0) <then_branch = t () => (float[N, 3] o) { ${nodes} }, else_branch = e () => (float[N, 3] q) { q = Neg (i) }> }`,
  'the body of a Loop': (nodes) => `g (float[2, 3] f) => (float[N, 3] r) <int64 rounds = {2}> {
    r, all = Loop (rounds, "", f) <body = b (int64 at, bool go, float[2, 3] i) => (bool on, float[2, 3] same, float[N, 3] o) {
      on = Identity (go) same = Neg (i) ${nodes} }> }`,
  'the body of a Scan': (nodes) => `g (float[4, 2, 3] f) => (float[4, N, 3] r) {
    r = Scan <num_scan_inputs = 1, body = b (float[2, 3] i) => (float[N, 3] o) { ${nodes} }> (f) }`,
  'a function': (nodes) => `g (float[2, 3] f) => (float[N, 3] r) { r = own.f (f) }
    <domain: "own", opset_import: ["" : OPSET, "own" : 1]> f (i) => (o) { ${nodes} }`,
};

const twice = `<domain: "own", opset_import: ["" : OPSET]> twice (u) => (v) { v = Add (u, u) }`;

/** Fused kernels and folded weights round once more. */
const tolerance = 1e-5;

function modelOf(pass: Pass, place: string) {
  const nodes = `x = Sqrt (i) ${snippets[pass.name]} o = Neg (y)`;
  const opset = pass.name === 'raise-opset' ? 17 : 20;
  const text = `<ir_version: 9, opset_import: ["" : OPSET, "own" : 1]> ${places[place]?.(nodes)} ${twice}`;
  return modelFromText(text.replaceAll('OPSET', String(opset)));
}

it('has a case for each pass', () => {
  expect([...Object.keys(snippets), ...elsewhere].sort()).toEqual(passes.map(({ name }) => name).sort());
});

describe.each(passes.filter(({ name }) => !elsewhere.has(name)))('$name', (pass) => {
  const work = { ...unwatched(), options: resolveOptions(pass.options, {}, pass.name), isTarget: () => true };

  it.each(Object.keys(places))('works in %s, once', async (place) => {
    const model = modelOf(pass, place);
    const { model: after, changed, skipped } = await pass.run(model, work);
    if (place === 'a function' && notInFunctions.has(pass.name)) {
      expect(after).toBe(model);
      expect(skipped[0]?.reason).toMatch(/its graph holds no/);
      return;
    }
    expect(changed).toBeGreaterThan(0);
    await expectSameOutputs(model, after, { tolerance });
    expect((await pass.run(after, work)).model).toBe(after);
  });
});
