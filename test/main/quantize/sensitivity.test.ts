import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import type { Unit } from '../../../src-main/quantize/place';
import { floatSet, measureSensitivity, type Source } from '../../../src-main/quantize/sensitivity';
import { measurableValues, StaticQuantizer } from '../../../src-main/quantize/static-quantizer';
import { modelFromText, randomTensor } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const config = { calibrator: 'min-max', perChannel: true, symmetric: false };

it('finds the weight that rounds badly: the layer with one huge input', async () => {
  const rough = randomTensor('rough', [8, 8], 2);
  const data = new Float32Array(64).map((_, i) => (i < 8 ? 300 : Math.sin(i)));
  const model = modelFromText(
    `g (float[N,8] x) => (float[N,8] y) {
      [gentle] a = MatMul(x, fine)
      [harsh] y = MatMul(a, rough)
    }`,
    [randomTensor('fine', [8, 8], 1), { ...rough, data: { kind: 'inline', bytes: new Uint8Array(data.buffer) } }],
  );
  // The first channel of `a`, which the huge weights multiply, is 0 on all samples.
  const gentle = new Float32Array(64).map((_, i) => (i % 8 === 0 ? 0 : Math.cos(i)));
  const initializers = new Map(model.graph.initializers);
  const fine = initializers.get('fine');
  if (fine === undefined) throw new Error('no weight');
  initializers.set('fine', { ...fine, data: { kind: 'inline', bytes: new Uint8Array(gentle.buffer) } });
  const whole = { ...model, graph: { ...model.graph, initializers } };
  const dataset = await tinyDataset(whole, {
    x: float32(
      [4, 8],
      Float32Array.from({ length: 32 }, (_, i) => Math.sin(i * i)),
    ),
  });
  const samples = calibrationData(stepContext(whole, { dataset }), 'test', 4);
  const quantizer = await StaticQuantizer.of(whole, {}, {}, false);
  const placement = quantizer.placement();
  await quantizer.calibrate(
    measurableValues(placement),
    samples,
    { histograms: false, biasCorrection: false },
    unwatched(),
  );
  const sources = await measureSensitivity(quantizer, placement, config, samples, unwatched());
  expect(sources[0]).toMatchObject({ kind: 'weight', name: 'harsh' });
  expect(sources.every(({ noise }) => noise >= 0 && Number.isFinite(noise))).toBe(true);
  expect(quantizer.placement(new Set(['harsh'])).units.map(({ node }) => node.name)).toEqual(['gentle']);
});

describe('what to leave in float', () => {
  const unit = (name: string) => ({ node: { name } }) as Unit;
  const [a, b, c] = [unit('a'), unit('b'), unit('c')];
  const source = (units: Unit[], noise: number): Source => ({ kind: 'weight', name: '', units, noise });
  const sources = [source([a], 0.5), source([b], 0.4), source([c], 0.01), source([a, b], 0.2), source([unit('d')], 0)];
  const cost = ({ node }: Unit) => (node.name === 'a' ? 100 : 1);
  const left = (budget: number) => [...floatSet(sources, cost, budget)].sort();

  it('gains most for its cost', () => {
    // All: 1.11. b gains 0.4 for 1, c 0.01 for 1, a 0.5 for 100; d makes no noise.
    expect(left(1.2)).toEqual([]);
    expect(left(0.8)).toEqual(['b']);
    expect(left(0.705)).toEqual(['b', 'c']);
  });

  it('is let go where what came later made it needless', () => {
    // b and c are taken before a, which alone takes away the rest: without c 0.01 is left.
    expect(left(0.05)).toEqual(['a', 'b']);
    expect(left(0)).toEqual(['a', 'b', 'c']);
  });
});
