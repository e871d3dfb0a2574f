/** What a training is given, what it holds while it goes on, and what it has told so far. */

import type { Feeds, NdArray } from '../onnx/ir';
import type { Session } from '../onnx/session';
import type { TrainingSamples } from './samples';
import type { Schedule } from './schedule';
import type { TrainingGraph } from './training-graph';

export type Weights = ReadonlyMap<string, NdArray<'float32'>>;

export interface TrainingSettings {
  readonly epochs: number;
  readonly batch: number;
  /** Batches whose gradients make one update. */
  readonly accumulate: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Share of all updates that warm up. */
  readonly warmup: number;
  readonly seed: number;
  /** Epochs without a better validation loss after which training ends; 0 = never early. */
  readonly patience: number;
  /** Decay of the moving average of the weights; 0 = none is kept. */
  readonly averageDecay: number;
  readonly checkpointSeconds: number;
  /** The model takes full batches alone: what is left of an epoch's rows waits for the next one. */
  readonly fullBatches: boolean;
  /** Updates after which training ends, with the weights of then judged as well; 0 = at its end. */
  readonly stopAfter: number;
}

export interface TrainingPlan {
  readonly graph: TrainingGraph;
  /** Of `graph.model`. */
  readonly session: Session;
  /** Of `graph.update`; null where `graph.model` updates by itself. */
  readonly updateSession: Session | null;
  readonly start: Weights;
  readonly samples: TrainingSamples;
  /** What the training graph is fed of the teacher for given rows; null without a teacher. */
  readonly teacher: ((rows: Int32Array, feeds: Feeds) => Promise<Feeds>) | null;
  /** Moves the pictures of a batch at random; the same number always the same way. */
  readonly augment: (feeds: Feeds, number: number) => Feeds;
  /** How given weights do on the validation rows. */
  readonly validate: (weights: Weights) => Promise<Validation>;
  readonly settings: TrainingSettings;
}

export interface Validation {
  /** Lower is better: what the best weights are chosen by. */
  readonly loss: number;
  /** Share of the answers that are right: the label, or the teacher's first choice where there are no labels. */
  readonly accuracy: number;
}

export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  /** Of the better one of weights and their average. */
  readonly validation: number;
  readonly accuracy: number;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
}

export interface BestWeights {
  /** Loss on the validation rows. */
  readonly validation: number;
  readonly accuracy: number;
  readonly epoch: number;
  /** Whether they are a moving average. */
  readonly averaged: boolean;
  readonly weights: Weights;
}

/** All that a training needs to go on from where it was; what a checkpoint holds. */
export interface TrainingState {
  /** Epochs that are finished. */
  readonly epoch: number;
  /** Updates done, in all and in the epoch under way. */
  readonly step: number;
  readonly stepInEpoch: number;
  /** Of the epoch under way: Σ loss × rows, and the time it took. */
  readonly lossSum: number;
  readonly seconds: number;
  readonly weights: Weights;
  readonly optimizer: Weights;
  /** Moving average of the weights; empty where none is kept. */
  readonly average: Weights;
  readonly best: BestWeights;
  readonly history: readonly EpochRecord[];
  /** Loss of each update; one array for the whole training, which only grows. */
  readonly losses: number[];
}

export interface CheckpointStore {
  load(): Promise<TrainingState | null>;
  save(state: TrainingState): Promise<void>;
}
