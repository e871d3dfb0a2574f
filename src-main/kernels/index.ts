/** @file Hot routines. Plain TypeScript, or the native ones of the same names and results where they are built. */

export { clipSteps, type GridSearch, type ZeroKind } from './block-grids';
export { dequantizeBlocks, flattenBlocks, packBlocks, packZeroPoints } from './blocks';
export { boxesOfMap } from './boxes-of-map';
export type { Codes } from './channels';
export { copyRange, writeWhole } from './copy-range';
export { dampedInverse } from './damped-inverse';
export * from './dispatch';
export { editDistance } from './edit-distance';
export { type BlockGrids, findGrids, type PackedCodes } from './find-grids';
export { type GridHistogram, gridScalars, type HistogramInput } from './grid-histogram';
export { afterTies, LOWER_BINS, UPPER_BINS } from './magnitude';
export { type Box, countMatches, intersectionOverUnion } from './match-boxes';
export type { Gate, PatchGeometry } from './patch-products';
export type { Rows } from './scaled-magnitudes';
export * from './select-magnitude';
export { transpose, transposed } from './transpose';
