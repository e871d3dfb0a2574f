import { describe, expect, it } from 'vitest';
import { costsByOp, fixDims, nodeCosts } from '../../../src-main/inspect';
import type { Model } from '../../../src-main/onnx/ir';
import { graphTypes } from '../../../src-main/onnx/session';
import { modelFromText } from '../../support/model-from-text';

describe('nodeCosts', () => {
  it('counts work, weights and live memory by hand', async () => {
    const model = modelFromText(
      `g (float[N, 4] x) => (float[N, 2] y)
      <float[4, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, float[3, 2] v = {1, 2, 3, 4, 5, 6}> {
        a = MatMul (x, w)
        b = Relu (a)
        c = Add (a, b)
        y = MatMul (c, v)
      }`,
    );
    const fixed = fixDims(model, { N: 2 });
    const costs = nodeCosts(fixed, await graphTypes(fixed));
    expect(costs.nodes.map(({ macs }) => macs)).toEqual([2 * 3 * 4, 0, 0, 2 * 2 * 3]);
    expect(costs.macs).toBe(36);
    expect(costs.nodes.map(({ parameters }) => parameters)).toEqual([12, 0, 0, 6]);
    expect(costs.nodes.map(({ outputBytes }) => outputBytes)).toEqual([24, 24, 24, 16]);
    // x (32) and a (24); a and b; a, b and c; c and y
    expect(costs.nodes.map(({ liveBytes }) => liveBytes)).toEqual([56, 48, 72, 40]);
    expect(costs.peak).toEqual({ bytes: 72, node: costs.nodes[2]?.name });
  });

  it('does not tell what it does not know', async () => {
    const model = modelFromText('g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }');
    const costs = nodeCosts(model, await graphTypes(model));
    expect(costs.peak).toBeNull();
    expect(costs.macs).toBe(0);
  });

  it('charges an If with its larger branch and a Scan with every round', async () => {
    const branches = modelFromText(
      `g (bool k, float[2, 4] x) => (float[2, 4] y) <float[4, 4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}> {
        y = If (k) <
          then_branch = t () => (float[2, 4] p) { q = MatMul (x, w) p = MatMul (q, w) },
          else_branch = e () => (float[2, 4] r) { r = MatMul (x, w) }
        >
      }`,
    );
    expect(nodeCosts(branches, await graphTypes(branches)).macs).toBe(2 * (2 * 4 * 4));
    const scan = modelFromText(
      `g (float[1, 4] s, float[5, 1, 4] x) => (float[1, 4] u, float[5, 1, 4] y) <float[4, 4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}> {
        u, y = Scan <num_scan_inputs = 1, body = b (float[1, 4] i, float[1, 4] e) => (float[1, 4] o, float[1, 4] z) {
          o = Add (i, e)
          z = MatMul (o, w)
        }> (s, x)
      }`,
    );
    expect(nodeCosts(scan, await graphTypes(scan)).macs).toBe(5 * 16);
  });

  it('counts what a function does at each of its calls, with the weights that the call hands it', async () => {
    const model = modelFromText(
      `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (float[2, 3] x) => (float[2, 3] y) <float[3, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9}> {
        a = own.twice (x, w)
        y = own.twice (a, w)
      }
      <domain: "own", opset_import: ["" : 21, "own" : 1]>
      twice (v, m) => (z) { b = MatMul (v, m) z = own.again (b, m) }
      <domain: "own", opset_import: ["" : 21]>
      again (v, m) => (z) { z = MatMul (v, m) }`,
    );
    const costs = nodeCosts(model, await graphTypes(model));
    expect(costs.nodes.map(({ macs }) => macs)).toEqual([2 * (2 * 3 * 3), 2 * (2 * 3 * 3)]);
    expect(costs.nodes.map(({ parameters }) => parameters)).toEqual([9, 0]);
    const inner = costs.nodes[0]?.bodies[0];
    expect(inner?.label).toBe('twice');
    expect(inner?.costs.nodes.map(({ op, macs }) => [op, macs])).toEqual([
      ['MatMul', 18],
      ['own.again', 18],
    ]);
    expect(costsByOp(costs).find(({ op }) => op === 'MatMul')).toMatchObject({ nodes: 4, macs: 72 });
  });

  const loop = (count: string, condition: string): Model =>
    modelFromText(
      `g (int64 m, bool c, float[1, 4] s) => (float[1, 4] v)
      <int64 three = {3}, float[4, 4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}> {
        v = Loop <body = l (i, k, t) => (bool k2, float[1, 4] t2) { k2 = ${condition} (k) t2 = MatMul (t, w) }> (${count}, c, s)
      }`,
    );

  it('counts every round of a Loop whose number is constant', async () => {
    const model = loop('three', 'Identity');
    const costs = nodeCosts(model, await graphTypes(model));
    expect(costs.macs).toBe(3 * 16);
    expect(costs.notes).toEqual([]);
    expect(costsByOp(costs).find(({ op }) => op === 'MatMul')?.macs).toBe(48);
  });

  it('says so where a Loop may end before, or where its number is not known', async () => {
    const early = loop('three', 'Not');
    const costs = nodeCosts(early, await graphTypes(early));
    expect(costs.macs).toBe(48);
    expect(costs.notes).toEqual([expect.stringMatching(/all its 3 rounds; its condition may end it before/)]);
    const unknown = loop('m', 'Identity');
    const one = nodeCosts(unknown, await graphTypes(unknown));
    expect(one.macs).toBe(16);
    expect(one.notes).toEqual([expect.stringMatching(/^Loop ".+" is counted with one round/)]);
  });

  it('finds weights that a body reads from the graph around it', async () => {
    const model = modelFromText(
      `g (bool k, float[1, 1, 4, 4] x) => (float[1, 1, 2, 2] y) <float[1, 1, 3, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9}> {
        y = If (k) <
          then_branch = t () => (float[1, 1, 2, 2] p) { p = Conv (x, w) },
          else_branch = e () => (float[1, 1, 2, 2] r) { r = Conv (x, w) }
        >
      }`,
    );
    const costs = nodeCosts(model, await graphTypes(model));
    expect(costs.macs).toBe(4 * 9);
    const parameters = costs.nodes[0]?.bodies.map((body) => body.costs.nodes[0]?.parameters);
    expect(parameters).toEqual([9, 0]);
    // Only one of the two branches runs.
    expect(costsByOp(costs).find(({ op }) => op === 'Conv')).toMatchObject({ nodes: 2, macs: 36, parameters: 9 });
  });
});
