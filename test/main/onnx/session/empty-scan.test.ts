import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeModel } from '../../../../src-main/onnx/file';
import type { Model, NdArray } from '../../../../src-main/onnx/ir';
import { graphTypes, openSession } from '../../../../src-main/onnx/session';
import { temporaryFolder } from '../../../support/folder';
import { modelFromText } from '../../../support/model-from-text';

/** Sums of the columns (axis 1) or rows (axis 0) of x. */
const summing = (axis: number): Model =>
  modelFromText(
    `g (float[A, B] x) => (float[C] y, float[D, E] h) <float[2] start = {0, 0}> {
      h = Neg (x)
      [sums] y = Scan <num_scan_inputs = 1, scan_input_axes = [${axis}],
        body = b (float[2] sum, float[2] part) => (float[2] next) { next = Add (sum, part) }> (start, x)
    }`,
  );

const matrix = (...shape: readonly [number, number]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape[0] * shape[1] }, (_, at) => at),
});

// Without the refusal the process that runs this file is ended.
const refusal =
  /Scan "sums": may have nothing to scan, since input "x" is empty, which onnxruntime does not survive along another axis/;

it('refuses a Scan that has nothing along its axis, where onnxruntime ends the process', async () => {
  const model = summing(1);
  const session = await openSession(model);
  await expect(session.run({ x: matrix(2, 0) })).rejects.toThrow(refusal);
  expect((await session.run({ x: matrix(2, 3) })).y?.data).toEqual(Float32Array.of(3, 12));
  await session.release();
  const path = join(temporaryFolder(), 'scan.onnx');
  await writeModel(model, path);
  const byPath = await openSession(path);
  await expect(byPath.run({ x: matrix(2, 0) })).rejects.toThrow(refusal);
  expect((await byPath.run({ x: matrix(2, 3) })).y?.data).toEqual(Float32Array.of(3, 12));
  await byPath.release();
});

it('refuses a Scan over a constant without elements', async () => {
  const model = modelFromText(
    `g (float[2] start) => (float[2] y) <float[2, 0] nothing = {}> {
      [sums] y = Scan <num_scan_inputs = 1, scan_input_axes = [-1],
        body = b (float[2] sum, float[2] part) => (float[2] next) { next = Add (sum, part) }> (start, nothing)
    }`,
  );
  const session = await openSession(model);
  const start: NdArray = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) };
  await expect(session.run({ start })).rejects.toThrow('Scan "sums": may have nothing to scan, which onnxruntime');
  await session.release();
});

it('leaves a Scan along the first axis to the runtime, which says no by itself', async () => {
  const session = await openSession(summing(0));
  await expect(session.run({ x: matrix(0, 2) })).rejects.toThrow(/Scan "sums": it has nothing to scan; give/);
  expect((await session.run({ x: matrix(3, 2) })).y?.data).toEqual(Float32Array.of(6, 9));
  await session.release();
});

it('has the rest of a graph seen where one cannot run', async () => {
  const model = modelFromText(
    `g (float[A, B] x, int64[1] end, bool k, float[2] start) => (float[C] y) <int64[1] zero = {0}, int64[1] axis = {1}> {
      none = Slice (x, zero, end, axis)
      y = If <
        then_branch = t () => (float[D] p) { p = Identity (start) },
        else_branch = e () => (float[F] q) {
          h = NonZero (start)
          [sums] q = Scan <num_scan_inputs = 1, scan_input_axes = [1],
            body = b (float[2] sum, float[2] part) => (float[2] next) { next = Add (sum, part) }> (start, none)
        }> (k)
    }`,
  );
  const end: NdArray = { dtype: 'int64', shape: [1], data: BigInt64Array.of(0n) };
  const k: NdArray = { dtype: 'bool', shape: [], data: Uint8Array.of(1) };
  const start: NdArray = { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) };
  const seen = await (await graphTypes(model)).observedOn({ x: matrix(2, 3), end, k, start });
  const branch = [...seen.graphs()].find(({ name }) => name === 'e');
  expect(branch && seen.of(branch).get('h')).toMatchObject({ shape: [1, 2] });
  expect(seen.remarks).toEqual(['else_branch of If "If_1": Scan "sums" does not run on what reaches it.']);
});
