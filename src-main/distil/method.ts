/** What a training method is: options → what is trained, from whom, with which loss. */

import type { MethodSpec, OptionSpecs, OptionValue } from '../contract';
import type { Model } from '../onnx/ir';
import { type Hint, hints } from './hints';
import { type NamedPair, parsePairs } from './hints/pair-values';
import type { LossTerm } from './training-graph';
import type { Weights } from './training-state';

export interface TrainingIntent {
  readonly loss: readonly LossTerm[];
  readonly temperature: number;
  /** A path, the model that the recipe began with, or nobody. */
  readonly teacher: { readonly path: string } | 'original' | null;
  /** Values inside student and teacher that are brought together as well. */
  readonly hints: { readonly pairs: readonly NamedPair[]; readonly hint: Hint; readonly weight: number } | null;
  /** Elements that must stay zero. */
  readonly masks: Weights;
  readonly notes: readonly string[];
}

/** A model made ready for training, and the way back. */
export interface Prepared {
  readonly model: Model;
  /** Initializers that are trained whatever reads them, and such that never are. */
  readonly learned: readonly string[];
  readonly constants: readonly string[];
  readonly skipped: readonly { readonly node: string; readonly reason: string }[];
  /** Sentences for the log. */
  readonly notes: readonly string[];
  /** The trained model in the form that the method promises. */
  finish(trained: Model): Model;
}

/** A model that is trained as it is. */
export function unprepared(model: Model): Prepared {
  return { model, learned: [], constants: [], skipped: [], notes: [], finish: (trained) => trained };
}

export interface TrainingMethod extends MethodSpec {
  /** Rewrites the model before its weights are looked for. */
  prepare?(
    model: Model,
    options: Readonly<Record<string, OptionValue>>,
    mayTouch: (node: { name: string; opType: string }) => boolean,
  ): Prepared;
  intent(model: Model, weights: Weights, options: Readonly<Record<string, OptionValue>>): TrainingIntent;
}

/** Options that every training method has. */
export const trainingOptions = {
  epochs: {
    kind: 'integer',
    default: 10,
    min: 1,
    max: 10_000,
    title: 'Epochs',
    help: 'Times that the training rows are gone through.',
  },
  batch: {
    kind: 'integer',
    default: 64,
    min: 1,
    max: 65_536,
    unit: 'samples',
    title: 'Batch',
    help: 'Rows in one step.',
  },
  accumulate: {
    kind: 'integer',
    default: 1,
    min: 1,
    max: 65_536,
    unit: 'batches',
    title: 'Gradient accumulation',
    help: 'Batches whose gradients make one update: a larger batch than memory holds.',
    advanced: true,
  },
  learningRate: {
    kind: 'number',
    default: 1e-3,
    min: 1e-8,
    max: 10,
    title: 'Learning rate',
    help: 'The peak, after warm-up.',
  },
  weights: {
    kind: 'choice',
    default: 'given',
    choices: [
      { value: 'given', title: 'Those of the file' },
      { value: 'random', title: 'Random ones' },
    ],
    title: 'Start from',
    help: 'Random weights train an architecture from scratch; choose statistics of the batch for its BatchNormalization then.',
    advanced: true,
  },
  optimizer: {
    kind: 'choice',
    default: 'adamw',
    choices: [
      { value: 'adamw', title: 'AdamW' },
      { value: 'adam', title: 'Adam' },
      { value: 'sgd', title: 'SGD with momentum' },
    ],
    title: 'Optimiser',
    help: 'AdamW suits nearly all models.',
    advanced: true,
  },
  weightDecay: {
    kind: 'number',
    default: 0.01,
    min: 0,
    max: 1,
    title: 'Weight decay',
    help: 'Pull towards zero on matrices and kernels, not on biases and the scales of norms.',
    advanced: true,
  },
  schedule: {
    kind: 'choice',
    default: 'cosine',
    choices: [
      { value: 'cosine', title: 'Cosine to zero' },
      { value: 'step', title: 'A tenth after half, a hundredth after three quarters' },
      { value: 'constant', title: 'Constant' },
    ],
    title: 'Schedule',
    help: 'How the learning rate goes on after warm-up.',
    advanced: true,
  },
  warmup: {
    kind: 'number',
    default: 0.05,
    min: 0,
    max: 1,
    unit: 'share',
    title: 'Warm-up',
    help: 'Share of the steps in which the rate rises.',
    advanced: true,
  },
  clipNorm: {
    kind: 'number',
    default: 1,
    min: 0,
    max: 1e6,
    title: 'Gradient clipping',
    help: 'Largest global norm of the gradients; 0 = no clipping.',
    advanced: true,
  },
  average: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 0.9999,
    title: 'Moving average of the weights',
    help: 'Decay of an average that is validated beside the weights themselves, 0.99 say; the better one is kept. 0 = none.',
    advanced: true,
  },
  augment: {
    kind: 'choice',
    default: 'none',
    choices: [
      { value: 'none', title: 'None' },
      { value: 'shift', title: 'Small shifts' },
      { value: 'flip', title: 'Mirror' },
      { value: 'shift-flip', title: 'Small shifts and mirror' },
      { value: 'crop', title: 'Random crops' },
      { value: 'crop-flip', title: 'Random crops and mirror' },
    ],
    title: 'Augmentation',
    help: 'Moves pictures at random, the same for teacher and student; crops keep half of the picture or more and fill its size. Do not mirror what has a side, such as digits.',
    advanced: true,
  },
  batchNorm: {
    kind: 'choice',
    default: 'frozen',
    choices: [
      { value: 'frozen', title: 'Frozen statistics' },
      { value: 'train', title: 'Statistics of the batch' },
    ],
    title: 'BatchNormalization',
    help: 'Frozen suits fine-tuning; statistics of the batch suit training from scratch.',
    advanced: true,
  },
  patience: {
    kind: 'integer',
    default: 0,
    min: 0,
    max: 10_000,
    unit: 'epochs',
    title: 'Patience',
    help: 'Ends early after so many epochs without a better validation loss; 0 = never.',
    advanced: true,
  },
  threads: {
    kind: 'integer',
    default: 1,
    min: 1,
    max: 256,
    unit: 'threads',
    title: 'Threads',
    help: 'Cores that train. The same number and seed give the same weights again.',
    advanced: true,
  },
  stopAfter: {
    kind: 'integer',
    default: 0,
    min: 0,
    unit: 'updates',
    title: 'Stop after',
    help: 'Ends the training after so many updates and keeps the best weights up to there; 0 = at its end. Set by itself where a training was stopped.',
    advanced: true,
  },
  memoryLimit: {
    kind: 'integer',
    default: 0,
    min: 0,
    unit: 'MB',
    title: 'Memory limit',
    help: 'A step that needs more is refused before it is tried; 0 = what the machine has free.',
    advanced: true,
  },
  checkpointSeconds: {
    kind: 'number',
    default: 60,
    min: 0,
    max: 86_400,
    unit: 's',
    title: 'Checkpoint every',
    help: 'What a crash can cost at most; each epoch ends with one as well.',
    advanced: true,
  },
} as const satisfies OptionSpecs;

/** Options of methods that learn from a teacher. */
export const teacherOptions = {
  temperature: {
    kind: 'number',
    default: 4,
    min: 0.1,
    max: 100,
    title: 'Temperature',
    help: 'Softens the teacher’s answers; 2 to 4 suit images.',
  },
  alpha: {
    kind: 'number',
    default: 0.9,
    min: 0,
    max: 1,
    unit: 'share',
    title: 'Teacher’s share',
    help: 'Weight of the teacher’s answers; the rest goes to the labels, where there are any.',
  },
  match: {
    kind: 'choice',
    default: 'kl',
    choices: [
      { value: 'kl', title: 'Probabilities (KL with temperature)' },
      { value: 'mse', title: 'Logits (mean squared error)' },
      { value: 'cosine', title: 'Direction of the logits (cosine)' },
    ],
    title: 'What is matched',
    help: 'How the student is held against the teacher.',
    advanced: true,
  },
  hints: {
    kind: 'list',
    default: [],
    title: 'Hints',
    help: 'Values inside the models that are brought together as well: a name that both have, or student=teacher. Other widths are projected.',
    advanced: true,
  },
  hintLoss: {
    kind: 'choice',
    default: 'features',
    choices: hints.map(({ name, title }) => ({ value: name, title })),
    title: 'Hints compare',
    help: 'The features themselves, or where in the picture or sentence they are strong.',
    advanced: true,
  },
  hintWeight: {
    kind: 'number',
    default: 1,
    min: 0,
    max: 1e6,
    title: 'Weight of hints',
    help: 'Of each hint in the loss, beside the teacher’s answers and labels.',
    advanced: true,
  },
} as const satisfies OptionSpecs;

/** The hints that {@link teacherOptions} ask for. */
export function hintsOf(options: Readonly<Record<string, OptionValue>>): TrainingIntent['hints'] {
  const named = options.hints as readonly string[];
  const hint = hints.find(({ name }) => name === options.hintLoss);
  if (named.length === 0 || hint === undefined) return null;
  return { pairs: parsePairs(named), hint, weight: options.hintWeight as number };
}

/** Labels and teacher mixed by `alpha`; a part of weight zero is left out. */
export function mixedLoss(match: string, alpha: number): LossTerm[] {
  return [
    { name: match, weight: alpha },
    { name: 'cross-entropy', weight: 1 - alpha },
  ].filter((term) => term.weight > 0);
}
