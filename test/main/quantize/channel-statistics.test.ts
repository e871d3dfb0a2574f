import { expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { observe } from '../../../src-main/quantize/calibrate';
import { calibrationData } from '../../../src-main/quantize/calibration-data';
import { ChannelObserver } from '../../../src-main/quantize/channel-statistics';
import { modelFromText } from '../../support/model-from-text';
import { float32 } from '../../support/npz';
import { stepContext } from '../../support/step-context';
import { tinyDataset } from '../../support/tiny-dataset';

const model = modelFromText('g (float[N,2,1,3] x) => (float[N,2,1,3] y) { y = Identity(x) }');
const value = { value: 'y', axis: -3, rank: 4 };

it('are found channel by channel over all samples, worked by hand', async () => {
  const dataset = await tinyDataset(model, { x: float32([2, 2, 1, 3], [1, 2, 3, -1, 0, 1, 5, 0, 1, 2, 2, 2]) });
  const data = calibrationData(stepContext(model, { dataset }), 'test', 10);
  const observer = new ChannelObserver(value);
  await observe({ model, data }, [observer], unwatched());
  const { min, max, mean, power } = observer.statistics();
  expect([...min]).toEqual([0, -1]);
  expect([...max]).toEqual([5, 2]);
  // (1 + 2 + 3 + 5 + 0 + 1) / 6 and (−1 + 0 + 1 + 2 + 2 + 2) / 6; squares 40 / 6 and 14 / 6. Means of float32.
  [2, 1].forEach((wanted, channel) => {
    expect(mean[channel]).toBeCloseTo(wanted, 6);
  });
  [40 / 6, 14 / 6].forEach((wanted, channel) => {
    expect(power[channel]).toBeCloseTo(wanted, 6);
  });

  const restored = new ChannelObserver(value);
  restored.restore(observer.state());
  expect(restored.statistics()).toEqual(observer.statistics());
});
