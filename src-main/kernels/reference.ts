/** @file Every kernel in plain TypeScript: what `native/` must equal. */

export * from './block-grids';
export * from './blocks';
export * from './channels';
export * from './cholesky';
export * from './gptq';
export * from './grid-histogram';
export * from './half';
export * from './magnitude';
export * from './n-of-m';
export * from './patch-products';
export * from './round-outputs';
export * from './scaled-magnitudes';
export * from './transpose';
