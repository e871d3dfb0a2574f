import { describe, expect, it } from 'vitest';
import { fixDims, nodeCosts } from '../../../src-main/inspect';
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

  it('does not guess how often a Loop runs, nor the work inside a function', async () => {
    const model = modelFromText(
      `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (float[2, 2] x) => (float[2, 2] y) { y = own.square (x) }
      <domain: "own", opset_import: ["" : 21]>
      square (a) => (b) { b = MatMul (a, a) }`,
    );
    expect(nodeCosts(model, await graphTypes(model)).macs).toBeNull();
  });
});
