/** @file Every kernel in plain TypeScript: what `native/` must equal. */

export * from './channels';
export * from './half';
export * from './histogram';
export * from './magnitude';
