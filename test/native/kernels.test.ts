/**
 * Every native kernel against its TypeScript reference: the same bits, for odd sizes, any number of threads, slices
 * that start inside a tensor, and values that are no numbers.
 */

import { afterAll, describe, expect, it } from 'vitest';
import { buildNative } from '../../native/build.mjs';
import type { NativeKernels } from '../../src-main/kernels/dispatch';
import { Random } from '../../src-main/kernels/random';
import * as reference from '../../src-main/kernels/reference';

const { built, text } = await buildNative();
const native = built ? (await import('../../src-main/kernels/dispatch')).nativeKernels : null;
if (native === null) process.stderr.write(`not run: native kernels (${text})\n`);
else process.stderr.write(`${text}; this CPU runs ${native.instructionSets().join(', ')}\n`);

const random = new Random(5);
const specials = [0, -0, NaN, Infinity, -Infinity, 1e-45, -1e-40, 3.4e38, 65504, 65520, 6e-8, 0.5, 1.5, -2.5];

/** Normal values of mixed size; with `wild` also infinities, NaN, subnormals and ties. */
function values(count: number, wild = false): Float32Array {
  return Float32Array.from({ length: count }, () => {
    if (wild && random.uniform() < 0.05) return specials[Math.floor(random.uniform() * specials.length)]!;
    return (random.uniform() * 2 - 1) * 4 ** Math.floor(random.uniform() * 4);
  });
}

type TypedArray = Float32Array | Float64Array | Uint8Array | Int8Array | Uint16Array | Int16Array;
const bytesOf = (array: TypedArray) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** Runs a kernel of both kinds on fresh outputs and expects equal bits in them and an equal answer. */
function expectEqual(
  outputs: () => TypedArray[],
  run: (kernels: NativeKernels, outputs: TypedArray[]) => unknown,
): void {
  const expected = outputs();
  const answer = run(reference as unknown as NativeKernels, expected);
  native!.instructionSets().forEach((name, place) => {
    native!.setInstructionSet(place);
    for (const threads of [1, 3]) {
      native!.setThreads(threads);
      const got = outputs();
      expect(run(native!, got)).toEqual(answer);
      got.forEach((array, i) => {
        if (bytesOf(array).equals(bytesOf(expected[i]!))) return;
        const at = array.findIndex((value, n) => !Object.is(value, expected[i]![n]));
        expect.fail(`${name}, ${threads} threads: output ${i} at ${at} is ${array[at]} for ${expected[i]![at]}`);
      });
    }
  });
}

/** Layouts of channels: [length, channels, inner, first]. */
const layouts = [
  [1, 1, 1, 0],
  [17, 1, 1, 5],
  [200_003, 1, 1, 0],
  [999, 7, 13, 4],
  [300_001, 600, 517, 100],
  [300_007, 5, 9, 31],
  [300_007, 301, 1, 17],
  [40, 301, 1, 290],
  [200_000, 3, 1, 1],
] as const;

describe.skipIf(native === null)('native kernels equal TypeScript', () => {
  afterAll(() => native?.setInstructionSet(0));

  it.each(layouts)(
    'channelAbsMax, channelRange: %i values, %i channels, inner %i, first %i',
    (n, channels, inner, first) => {
      const x = values(n, true);
      expectEqual(
        () => [new Float32Array(channels)],
        (k, [largest]) => k.channelAbsMax(x, channels, inner, first, largest as Float32Array),
      );
      expectEqual(
        () => [new Float32Array(channels).fill(Infinity), new Float32Array(channels).fill(-Infinity)],
        (k, [min, max]) => k.channelRange(x, channels, inner, first, min as Float32Array, max as Float32Array),
      );
    },
  );

  it.each(layouts)('quantizeChannels: %i values, %i channels, inner %i, first %i', (n, channels, inner, first) => {
    const x = values(n, true);
    const scales = Float32Array.from({ length: channels }, () => 0.01 + random.uniform());
    const zeroPoints = Int32Array.from({ length: channels }, () => Math.floor(random.uniform() * 256));
    const sums = x.some((value) => !Number.isFinite(value)) ? values(n) : x;
    expectEqual(
      () => [new Int8Array(n)],
      (k, [codes]) => k.quantizeChannels(x, channels, inner, first, scales, null, -127, 127, codes as Int8Array, null),
    );
    expectEqual(
      () => [new Uint8Array(n), new Float64Array(channels)],
      (k, [codes, errors]) =>
        k.quantizeChannels(
          sums,
          channels,
          inner,
          first,
          scales,
          zeroPoints,
          0,
          255,
          codes as Uint8Array,
          errors as Float64Array,
        ),
    );
    expectEqual(
      () => [new Uint16Array(n)],
      (k, [codes]) =>
        k.quantizeChannels(x, channels, inner, first, scales, zeroPoints, 0, 65535, codes as Uint16Array, null),
    );
    expectEqual(
      () => [new Float64Array(channels)],
      (k, [errors]) =>
        k.quantizeChannels(sums, channels, inner, first, scales, null, -8, 7, null, errors as Float64Array),
    );
  });

  it.each([1, 7, 16, 1003, 300_011])('half types of %i values', (n) => {
    const bits = Uint32Array.from({ length: n }, () => Math.floor(random.uniform() * 2 ** 32));
    const x = new Float32Array(bits.buffer);
    const halves = Uint16Array.from(bits);
    expectEqual(
      () => [new Uint16Array(n)],
      (k, [target]) => k.float32ToFloat16(x, target as Uint16Array),
    );
    expectEqual(
      () => [new Uint16Array(n)],
      (k, [target]) => k.float32ToBfloat16(x, target as Uint16Array),
    );
    expectEqual(
      () => [new Float32Array(n)],
      (k, [target]) => k.float16ToFloat32(halves, target as Float32Array),
    );
    expectEqual(
      () => [new Float32Array(n)],
      (k, [target]) => k.bfloat16ToFloat32(halves, target as Float32Array),
    );
  });

  it('float16 of every pattern and beside every tie', () => {
    const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
    expectEqual(
      () => [new Float32Array(65536)],
      (k, [target]) => k.float16ToFloat32(patterns, target as Float32Array),
    );
    const bits = Uint32Array.from(
      { length: 65536 * 4 },
      (_, i) => ((i >> 2) << 16) | [0, 0x1000, 0xfff, 0x1001][i & 3]!,
    );
    const x = new Float32Array(bits.buffer);
    expectEqual(
      () => [new Uint16Array(x.length)],
      (k, [target]) => k.float32ToFloat16(x, target as Uint16Array),
    );
  });

  it.each([
    [1, 1],
    [5, 5],
    [16_382, 2],
    [16_385, 1],
    [300_020, 4],
  ])('addToHistograms: %i values of %i samples, call after call', (n, samples) => {
    const side = 4096;
    const tiny = values(n).map((value) => value * 1e-42);
    const late = values(n).map((value, i) => (i === n - 1 ? 1e6 : Math.max(value, 0)));
    const seen = [values(n), values(n, true), tiny, late, new Float32Array(n), values(n).map((x) => x * 1e30)];
    const empty = () => [
      new Float64Array(2 * side),
      Float64Array.of(0, Infinity, -Infinity, 0, 0),
      new Float32Array(2 * samples),
    ];
    expectEqual(
      () => seen.flatMap(empty),
      (k, outputs) => {
        const inputs = seen.map((x, at) => ({
          histogram: { counts: outputs[3 * at] as Float64Array, scalars: outputs[3 * at + 1] as Float64Array },
          extremes: outputs[3 * at + 2] as Float32Array,
          x,
        }));
        const turned = inputs.map((input, at) => ({ ...input, x: seen[(at + 1) % seen.length] as Float32Array }));
        return [inputs, turned].map((each) => [...k.addToHistograms(each)]);
      },
    );
  });

  it.each([3, 1029, 300_021])('magnitudes and non-finite values of %i', (n) => {
    const x = values(n, true);
    expectEqual(
      () => [new Float64Array(1 << 15)],
      (k, [counts]) => k.countMagnitudes(x, counts as Float64Array),
    );
    const upper = (new Uint32Array(x.buffer)[1]! >>> 16) & 0x7fff;
    expectEqual(
      () => [new Float64Array(1 << 16)],
      (k, [counts]) => k.countMagnitudesWithin(x, upper, counts as Float64Array),
    );
    expectEqual(
      () => [],
      (k) => k.countNonFinite(x),
    );
    for (const [threshold, tieEnd] of [
      [0, 10],
      [Math.abs(x[1]!), 2],
      [1, -5],
      [0.5, Infinity],
    ] as const)
      expectEqual(
        () => [new Uint8Array(n)],
        (k, [mask]) => k.maskBelow(x, threshold, tieEnd, mask as Uint8Array),
      );
  });

  it.each([
    [8, 1, 2, 4, 1],
    [11, 1, 2, 4, 7],
    [512, 1, 2, 4, 700],
    [13, 67, 1, 4, 3],
    [1024, 300, 4, 8, 1],
    [6, 9, 1, 2, 5000],
  ])('maskNOfM: axis %i, inner %i, %i of %i, %i slices', (size, inner, n, m, slices) => {
    const x = values(size * inner * slices, true);
    for (let i = 0; i + 1 < x.length; i += 7) x[i] = -x[i + 1]!; // ties
    expectEqual(
      () => [new Uint8Array(x.length)],
      (k, [mask]) => k.maskNOfM(x, size, inner, n, m, mask as Uint8Array),
    );
  });

  it.each([
    [16, 1, 16, 4, 1],
    [70, 5, 32, 4, 1],
    [70, 37, 32, 4, 20],
    [300, 131, 128, 4, 20],
    [129, 33, 32, 8, 5],
    [100, 19, 16, 2, 7],
    [2048, 100, 32, 4, 3],
    [130, 601, 32, 4, 1],
  ])('quantizeBlocks: %i × %i, block %i, %i bits, %i steps', (inputs, outputs, block, bits, clipSteps) => {
    const x = values(inputs * outputs, true).map((value) => (Number.isFinite(value) ? value : 0));
    x.fill(0, 0, outputs); // a row of zeros; with one input a block would be all zero
    const blocks = Math.ceil(inputs / block);
    const codes = () => new Uint8Array((outputs * blocks * block * bits) / 8);
    const scales = () => new Float32Array(outputs * blocks);
    const zeroPoints = () => new Uint8Array(outputs * Math.ceil((blocks * bits) / 8));
    expectEqual(
      () => [codes(), scales()],
      (k, [c, s]) =>
        k.quantizeBlocks(x, inputs, outputs, block, bits, clipSteps, c as Uint8Array, s as Float32Array, null),
    );
    expectEqual(
      () => [codes(), scales(), zeroPoints()],
      (k, [c, s, z]) =>
        k.quantizeBlocks(
          x,
          inputs,
          outputs,
          block,
          bits,
          clipSteps,
          c as Uint8Array,
          s as Float32Array,
          z as Uint8Array,
        ),
    );
  });

  /** A positive definite matrix: A·Aᵀ of random A, and something on the diagonal. */
  function positiveDefinite(n: number): Float64Array {
    const a = values(n * n);
    const h = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = i === j ? n / 4 : 0;
        for (let k = 0; k < n; k++) sum += a[i * n + k]! * a[j * n + k]!;
        h[i * n + j] = sum;
      }
    return h;
  }

  it.each([1, 2, 7, 63, 64, 65, 129, 200])('inverseUpperCholesky of %i', (n) => {
    const h = positiveDefinite(n);
    expectEqual(
      () => [h.slice()],
      (k, [u]) => k.inverseUpperCholesky(u as Float64Array, n),
    );
    const spoilt = h.slice();
    spoilt[Math.floor(n / 3) * (n + 1)] = -1;
    for (const kernels of [native!, reference])
      expect(kernels.inverseUpperCholesky(spoilt.slice(), n)).toBe(Math.floor(n / 3));
  });

  it.each([
    [1, 1, 1, 4, 1],
    [40, 70, 8, 4, 1],
    [200, 131, 32, 4, 1],
    [150, 9, 100, 4, 4],
    [300, 65, 256, 8, 1],
    [260, 33, 260, 2, 3],
  ])('gptq: %i × %i, group %i, %i bits, %i steps', (inputs, outputs, group, bits, clipSteps) => {
    const w = values(inputs * outputs);
    const upper = positiveDefinite(inputs);
    reference.inverseUpperCholesky(upper, inputs);
    const groups = Math.ceil(inputs / group) * outputs;
    expectEqual(
      () => [w.slice(), new Uint8Array(w.length), new Float32Array(groups)],
      (k, [v, c, s]) =>
        k.gptq(
          v as Float32Array,
          upper,
          inputs,
          outputs,
          group,
          bits,
          clipSteps,
          c as Uint8Array,
          s as Float32Array,
          null,
        ),
    );
    expectEqual(
      () => [w.slice(), new Uint8Array(w.length), new Float32Array(groups), new Uint8Array(groups)],
      (k, [v, c, s, z]) =>
        k.gptq(
          v as Float32Array,
          upper,
          inputs,
          outputs,
          group,
          bits,
          clipSteps,
          c as Uint8Array,
          s as Float32Array,
          z as Uint8Array,
        ),
    );
  });

  it.each([
    [1, 1, 16, 4],
    [40, 70, 16, 2],
    [300, 131, 32, 4],
    [130, 9, 128, 3],
    [64, 33, 256, 8],
    [70, 601, 32, 4],
  ])('grids and codes on them: %i × %i, block %i, %i bits', (inputs, outputs, block, levelBits) => {
    const x = values(inputs * outputs);
    for (let i = 0; i < Math.min(inputs, block); i++) x[i * outputs] = 0; // a block of nothing
    for (let i = 0; i < Math.min(inputs, block); i++) x[i * outputs + outputs - 1] = -3; // one of a single value
    const grids = outputs * Math.ceil(inputs / block);
    // mse knows no float zero points, HQQ no others.
    for (const search of [0, 1, 2, 3])
      for (const zeroKind of search === 1 ? [0, 1] : search === 3 ? [2] : [0, 1, 2])
        for (const bits of [2, 4, 8].filter((bits) => bits >= levelBits))
          for (const shift of [0, 2 ** (bits - 1) - 2 ** (levelBits - 1)])
            expectEqual(
              () => [new Float32Array(grids), new Float32Array(grids), new Uint8Array((grids * block * bits) / 8)],
              (k, arrays) => {
                const [s, z, c] = arrays as [Float32Array, Float32Array, Uint8Array];
                k.blockGrids(x, inputs, outputs, block, levelBits, zeroKind, search, s, z, bits, shift, c);
              },
            );
    expectEqual(
      () => [new Float32Array(grids), new Float32Array(grids)],
      (k, arrays) => {
        const [s, z] = arrays as [Float32Array, Float32Array];
        k.blockGrids(x, inputs, outputs, block, levelBits, 0, 0, s, z, 8, 0, null);
      },
    );
  });

  it.each([
    [1, 1, 1, 4],
    [40, 70, 3, 4],
    [260, 131, 5, 3],
    [150, 9, 2, 8],
  ])('gptqOnGrids: %i × %i, %i blocks, %i bits', (inputs, outputs, blocks, levelBits) => {
    const w = values(inputs * outputs);
    const upper = positiveDefinite(inputs);
    reference.inverseUpperCholesky(upper, inputs);
    const blockOf = Int32Array.from({ length: inputs }, (_, i) => (i * 7) % blocks);
    const scales = values(outputs * blocks).map((x) => Math.abs(x) / 4);
    const zeros = values(outputs * blocks).map((x) => x + 2 ** (levelBits - 1));
    expectEqual(
      () => [w.slice(), new Uint8Array(w.length)],
      (k, [v, c]) =>
        k.gptqOnGrids(v as Float32Array, upper, inputs, outputs, blockOf, levelBits, scales, zeros, c as Uint8Array),
    );
  });

  it.each([
    [40, 70, 0, 40],
    [300, 131, 100, 257],
  ])('pruneInputs: %i × %i, inputs %i to %i', (inputs, outputs, from, to) => {
    const w = values(inputs * outputs);
    const upper = positiveDefinite(inputs);
    reference.inverseUpperCholesky(upper, inputs);
    const mask = Uint8Array.from({ length: (to - from) * outputs }, () => (random.uniform() < 0.5 ? 1 : 0));
    expectEqual(
      () => [w.slice()],
      (k, [v]) => k.pruneInputs(v as Float32Array, upper, inputs, outputs, from, to, mask),
    );
  });

  it('refuse arrays that are too short or of another type, and go on', () => {
    const x = new Float32Array(8);
    expect(() => native!.quantizeChannels(x, 2, 4, 0, new Float32Array(1), null, 0, 255, null, null)).toThrow(
      'scales are too few',
    );
    expect(() => native!.channelAbsMax(x, 0, 1, 0, x)).toThrow('must be above 0');
    expect(() => native!.float32ToFloat16(x, new Uint8Array(8) as unknown as Uint16Array)).toThrow('another type');
    expect(() => native!.maskNOfM(x, 3, 1, 1, 2, new Uint8Array(8))).toThrow('whole slices');
    expect(() => native!.inverseUpperCholesky(new Float64Array(3), 2)).toThrow('too short');
    expect(native!.countNonFinite(Float32Array.of(NaN))).toBe(1);
  });

  it.each([
    { groups: 1, channels: 3, outputs: 5, input: [1, 9, 11], kernel: [1, 3, 3], strides: [1, 2, 1], pads: [0, 1, 2] },
    { groups: 70, channels: 1, outputs: 1, input: [1, 12, 7], kernel: [1, 5, 5], strides: [1, 1, 1], pads: [0, 2, 2] },
    { groups: 2, channels: 4, outputs: 3, input: [3, 4, 5], kernel: [2, 1, 2], strides: [1, 1, 2], pads: [1, 0, 0] },
    {
      groups: 1,
      channels: 20,
      outputs: 40,
      input: [1, 1, 1501],
      kernel: [1, 1, 1],
      strides: [1, 1, 1],
      pads: [0, 0, 0],
    },
  ])('addPatchProducts: $groups groups of $channels channels, $kernel taps', (layer) => {
    const { groups, channels, outputs, input, kernel, strides, pads } = layer;
    const dilations = [1, 1, 1];
    const output = input.map((size, axis) => Math.floor((size + 2 * pads[axis]! - kernel[axis]!) / strides[axis]!) + 1);
    const area = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
    const samples = 2;
    const x = values(samples * groups * channels * area(input));
    const gates = values(samples * groups * outputs * area(output), true);
    const geometry = { input, output, kernel, strides, dilations, pads };
    const size = channels * area(kernel) + 1;
    for (const given of [gates, null])
      expectEqual(
        () => [new Float64Array(groups * outputs * size * size).fill(0.5)],
        (k, [sums]) =>
          k.addPatchProducts(
            x,
            samples,
            geometry,
            groups,
            given,
            { low: 0, high: 2, closed: 0.02 },
            sums as Float64Array,
          ),
      );
  });

  it.each([
    { n: 300_007, inner: 301, within: 17 },
    { n: 70_001, inner: 3, within: 2 },
    { n: 1000, inner: 1, within: 0 },
  ])('addRowMagnitudes, raiseWidest: $n values in rows of $inner', ({ n, inner, within }) => {
    const x = values(n);
    const count = Math.ceil((n + within) / inner);
    const channels = Int32Array.from({ length: count }, () => Math.floor(random.uniform() * 7));
    const each = Int32Array.from({ length: count }, () => Math.floor(random.uniform() * 5));
    const factors = Float64Array.from({ length: 3 * 7 }, () => random.uniform());
    for (const outputs of [null, each]) {
      const rows = { inner, within, channels, outputs };
      expectEqual(
        () => [new Float64Array(7), new Float64Array(7)],
        (k, [largest, squares]) => k.addRowMagnitudes(x, rows, largest as Float64Array, squares as Float64Array),
      );
      expectEqual(
        () => [new Float64Array(3 * (outputs === null ? inner : 5))],
        (k, [widest]) => k.raiseWidest(x, rows, 3, factors, widest as Float64Array),
      );
    }
  });

  it.each([
    { groups: 1, outputs: 37, inputs: 90 },
    { groups: 50, outputs: 100, inputs: 9 },
    { groups: 3, outputs: 3, inputs: 26 },
  ])('roundOutputs: $outputs outputs of $inputs inputs in $groups groups', ({ groups, outputs, inputs }) => {
    const weights = Float64Array.from(values(outputs * inputs));
    const scales = Float32Array.from({ length: outputs }, () => 0.05 + random.uniform());
    const h = new Float64Array(groups * inputs * inputs);
    for (let group = 0; group < groups; group++)
      for (let sample = 0; sample < inputs; sample++) {
        const common = random.normal();
        const x = Float64Array.from({ length: inputs }, () => common + random.normal());
        // One input of each group never is anything but 0.
        x[inputs >> 1] = 0;
        x.forEach((a, i) => {
          x.forEach((b, j) => {
            h[(group * inputs + i) * inputs + j]! += a * b;
          });
        });
      }
    for (const upOrDown of [false, true])
      expectEqual(
        () => [new Int8Array(outputs * inputs)],
        (k, [codes]) => k.roundOutputs(weights, h, groups, scales, 127, upOrDown, codes as Int8Array),
      );
    const broken = h.slice().fill(Number.NaN, (groups - 1) * inputs * inputs);
    expectEqual(
      () => [],
      (k) => k.roundOutputs(weights, broken, groups, scales, 127, false, new Int8Array(outputs * inputs)),
    );
  });
});
