/** @file Hot routines. Plain TypeScript, or the native ones of the same names and results where they are built. */

export { dequantizeBlocks, packBlocks } from './blocks';
export type { Codes } from './channels';
export * from './dispatch';
export { roundWithFeedback } from './feedback-rounding';
export { afterTies, LOWER_BINS, UPPER_BINS } from './magnitude';
export * from './select-magnitude';
export { transpose } from './transpose';
