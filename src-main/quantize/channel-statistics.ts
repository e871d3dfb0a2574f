/** Smallest, largest and mean element of each channel of a value, and its variance, found inside the graph. */

import type { NdArray, Patch } from '../onnx/ir';
import { MeanObserver, type Observer, type Results, reduce } from './calibrate';
import type { ChannelValue } from './channel-sites';

export interface ChannelStatistics {
  /** Each [channels]. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  /** E[x²] */
  readonly power: Float64Array;
}

export class ChannelObserver implements Observer {
  readonly value: string;
  readonly #axis: number;
  readonly #rank: number;
  readonly #mean: MeanObserver;
  readonly #power: MeanObserver;
  #names: readonly string[] = [];
  #min = new Float64Array(0);
  #max = new Float64Array(0);

  constructor({ value, axis, rank }: ChannelValue & { readonly rank: number }) {
    this.value = value;
    this.#rank = rank;
    this.#axis = rank + axis;
    this.#mean = new MeanObserver({ value, axis: this.#axis, rank });
    this.#power = new MeanObserver({ value, axis: this.#axis, rank, squared: true });
  }

  get key(): string {
    return `channels of ${this.value} along ${this.#axis}`;
  }

  prepare(patch: Patch, opset: number): readonly string[] {
    const axes = [...new Array(this.#rank).keys()].filter((at) => at !== this.#axis);
    this.#names = ['ReduceMin', 'ReduceMax'].map((opType) => reduce(patch, opType, this.value, axes, opset));
    return [...this.#names, ...this.#mean.prepare(patch, opset), ...this.#power.prepare(patch, opset)];
  }

  see(results: Results): boolean {
    const [min, max] = this.#names.map((name) => (results[name] as NdArray<'float32'>).data) as [
      Float32Array,
      Float32Array,
    ];
    if (this.#min.length === 0) {
      this.#min = new Float64Array(min.length).fill(Number.POSITIVE_INFINITY);
      this.#max = new Float64Array(min.length).fill(Number.NEGATIVE_INFINITY);
    }
    for (let channel = 0; channel < min.length; channel++) {
      this.#min[channel] = Math.min(this.#min[channel]!, min[channel]!);
      this.#max[channel] = Math.max(this.#max[channel]!, max[channel]!);
    }
    this.#mean.see(results);
    this.#power.see(results);
    return this.#power.mean().every(Number.isFinite);
  }

  statistics(): ChannelStatistics {
    return { min: this.#min, max: this.#max, mean: this.#mean.mean(), power: this.#power.mean() };
  }

  state(): Float64Array {
    return Float64Array.of(...this.#min, ...this.#max, ...this.#mean.state(), ...this.#power.state());
  }

  restore(state: Float64Array): void {
    const channels = (state.length - 2) / 4;
    this.#min = state.slice(0, channels);
    this.#max = state.slice(channels, 2 * channels);
    this.#mean.restore(state.slice(2 * channels, 3 * channels + 1));
    this.#power.restore(state.slice(3 * channels + 1));
  }
}
