import { describe, expect, it } from 'vitest';
import type { Feeds, Graph, Model, Node } from '../../../../src-main/onnx/ir';
import { graphTypes, type Types } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

async function typesByName(model: Model): Promise<Map<string, Types>> {
  const types = await graphTypes(model);
  return new Map([...types.graphs()].map((graph) => [graph.name, types.of(graph)]));
}

describe('graphTypes', () => {
  it('lifts bodies into models of their own, nested ones too', async () => {
    const model = modelFromText(
      `g (bool k, float[2, 3] x) => (float[2, 4] y) <float[3, 4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}> {
        h = Relu (x)
        y = If (k) <
          then_branch = t () => (float[2, 4] p) {
            a = MatMul (h, w)
            p = If (k) <
              then_branch = tt () => (float[2, 4] q) { b = Neg (a) q = Relu (b) },
              else_branch = te () => (float[2, 4] r) { r = Abs (a) }
            >
          },
          else_branch = e () => (float[2, 4] s) { s = MatMul (x, w) }
        >
      }`,
    );
    const all = await typesByName(model);
    expect([...all.keys()]).toEqual(['g', 't', 'tt', 'te', 'e']);
    expect(all.get('t')?.get('a')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2, 4] });
    expect(all.get('tt')?.get('b')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2, 4] });
  });

  it('gives the bodies of Loop and Scan the types that follow from what they are given', async () => {
    const model = modelFromText(
      `g (int64 m, bool c, float[2] s, float[5, 3] x) => (float[2] v, float[3] u, float[5, 3] z) {
        v = Loop <body = l (i, k, t) => (bool k2, float[2] t2) { k2 = Identity (k) t2 = Add (t, t) }> (m, c, s)
        start = ReduceSum <keepdims = 0> (x, axes)
        u, z = Scan <num_scan_inputs = 1, body = b (acc, row) => (float[3] acc2, float[3] out) { acc2 = Add (acc, row) out = Neg (row) }> (start, x)
      }`.replace(
        '=> (float[2] v, float[3] u, float[5, 3] z) {',
        '=> (float[2] v, float[3] u, float[5, 3] z) <int64[1] axes = {0}> {',
      ),
    );
    const all = await typesByName(model);
    expect(all.get('l')?.get('k2')).toMatchObject({ dtype: 'bool' });
    expect(all.get('l')?.get('t2')).toMatchObject({ dtype: 'float32' });
    expect(all.get('b')?.get('out')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [3] });
  });

  it('completes by a run what is open, bodies and calls included, and tells which branch was taken', async () => {
    const model = modelFromText(
      `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (float[N] x, bool k, int64 m) => (float[A, B] y) {
        chosen = NonZero (x)
        [branch] h = If (k) <
          then_branch = t () => (float[C, D] p) { q = Cast <to = 1> (chosen) p = Neg (q) },
          else_branch = e () => (float[C, D] r) { f = Cast <to = 1> (chosen) r = Relu (f) }
        >
        c = own.twice (h)
        y = Loop <body = l (int64 i, bool go, float[E, F] s) => (bool stay, float[G, H] s2) { stay = Identity (go) s2 = Concat <axis = 0> (s, h) }> (m, k, c)
      }
      <domain: "own", opset_import: ["" : 21]>
      twice (v) => (w) { w = Concat <axis = 0> (v, v) }`,
    );
    const inferred = await graphTypes(model);
    const seen = await inferred.observedOn({
      x: { dtype: 'float32', shape: [3], data: Float32Array.of(0, 1, 2) },
      k: { dtype: 'bool', shape: [], data: Uint8Array.of(0) },
      m: { dtype: 'int64', shape: [], data: BigInt64Array.of(0n) },
    });
    const shapes = new Map(
      [...seen.graphs()].flatMap((graph) =>
        [...seen.of(graph)].map(([name, type]) => [name, type.kind === 'tensor' ? type.shape : null] as const),
      ),
    );
    expect(shapes.get('chosen')).toEqual([1, 2]);
    // Both branches run by themselves, whichever the condition takes.
    expect([shapes.get('p'), shapes.get('r')]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(shapes.get('w')).toEqual([2, 2]);
    // The first round of the Loop, though the run has none.
    expect(shapes.get('s2')).toEqual([3, 2]);
    const branch = model.graph.nodes.find(({ name }) => name === 'branch') as Node;
    expect(seen.branchTaken(branch)).toBe('else_branch');
    expect(inferred.branchTaken(branch)).toBeUndefined();
    const forced = [...seen.graphs()].filter((graph) => seen.isForced(graph)).map(({ name }) => name);
    expect(forced).toEqual(['t', 'l']);
    expect(seen.remarks).toEqual([]);
    expect([...inferred.graphs()].some((graph) => inferred.isForced(graph))).toBe(false);
  });

  describe('of a branch that the run does not take', () => {
    const branches = (taken: string, other: string) =>
      modelFromText(
        `g (float[N] x, bool k) => (float[A] y) <float[3] w = {1, 2, 3}, int64[1] seven = {7}> {
          [branch] y = If (k) <
            then_branch = t () => (float[B] p) { ${taken} },
            else_branch = e () => (float[C] q) { ${other} }
          >
        }`,
      );
    const feeds = (x: number[]): Feeds => ({
      x: { dtype: 'float32', shape: [x.length], data: Float32Array.from(x) },
      k: { dtype: 'bool', shape: [], data: Uint8Array.of(1) },
    });
    async function observed(model: Model, x: number[]) {
      const types = await (await graphTypes(model)).observedOn(feeds(x));
      const other = [...types.graphs()].find(({ name }) => name === 'e') as Graph;
      const shapes = [...types.of(other)].map(([name, type]) => [name, type.kind === 'tensor' ? type.shape : null]);
      return { isForced: types.isForced(other), shapes: Object.fromEntries(shapes), remarks: types.remarks };
    }

    it('runs it at the sizes that it takes, and says so', async () => {
      const model = branches('p = Relu (x)', 'a = Add (x, w) n = NonZero (a) f = Cast <to = 1> (n) q = Squeeze (f)');
      expect(await observed(model, [1, 2, 3, 4, 5, 6])).toMatchObject({
        isForced: true,
        shapes: { a: [3], n: [1, 3], q: [3] },
        remarks: ['else_branch of If "branch": seen with x [3] instead of [6].'],
      });
    });

    it('runs what it can of one that fails at any size, and names the first node that fails', async () => {
      const model = branches(
        'p = Relu (x)',
        'n = NonZero (x) [bad] r = Reshape (x, seven) m = NonZero (r) f = Cast <to = 1> (n) q = Squeeze (f)',
      );
      const { shapes, remarks } = await observed(model, [1, 0, 3, 4, 5]);
      expect(shapes).toMatchObject({ n: [1, 4], r: [7], m: [1, null], f: [1, 4], q: [4] });
      expect(remarks).toEqual(['else_branch of If "branch": Reshape "bad" does not run on what reaches it.']);
    });
  });

  it('runs the first round of a Scan along any axis', async () => {
    const model = modelFromText(
      `g (float[2, N, 3] x) => (float[A, B, C] z) {
        z = Scan <num_scan_inputs = 1, scan_input_axes = [-2], body = b (float[2, 3] part) => (float[D, E] out) {
          n = NonZero (part) out = Cast <to = 1> (n)
        }> (x)
      }`,
    );
    // A round sees 0 1 2 twice.
    const x: Feeds[string] = {
      dtype: 'float32',
      shape: [2, 2, 3],
      data: Float32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2),
    };
    const seen = await (await graphTypes(model)).observedOn({ x });
    const body = [...seen.graphs()][1] as Graph;
    expect(seen.isForced(body)).toBe(false);
    expect(seen.of(body).get('out')).toMatchObject({ shape: [2, 4] });
  });

  it('runs a body on random values where only the shapes of what reaches it are known', async () => {
    const model = modelFromText(
      `g (float[N] x, bool k) => (float[A] y) <int64[1] seven = {7}> {
        y = If (k) <
          then_branch = t () => (float[B] p) { p = Relu (x) },
          else_branch = e () => (float[C] q) {
            r = Reshape (x, seven)
            q = If (k) <
              then_branch = et () => (float[D] u) { m = NonZero (r) f = Cast <to = 1> (m) u = Squeeze (f) },
              else_branch = ee () => (float[7] v) { v = Relu (r) }
            >
          }
        >
      }`,
    );
    const feeds: Feeds = {
      x: { dtype: 'float32', shape: [5], data: new Float32Array(5) },
      k: { dtype: 'bool', shape: [], data: Uint8Array.of(1) },
    };
    const ones = ({ graph }: Model): Feeds =>
      Object.fromEntries(
        graph.inputs.map(({ name }) => [name, { dtype: 'float32', shape: [7], data: new Float32Array(7).fill(1) }]),
      );
    const seen = await (await graphTypes(model)).observedOn(feeds, { random: ones });
    const inner = [...seen.graphs()].find(({ name }) => name === 'et') as Graph;
    expect(seen.of(inner).get('u')).toMatchObject({ shape: [7] });
  });

  it('throws where the model does not run on what it is fed', async () => {
    const types = await graphTypes(modelFromText('g (float[N] x) => (float[N] y) { y = Relu (x) }'));
    await expect(types.observedOn({})).rejects.toThrow(/"x"/);
  });
});
