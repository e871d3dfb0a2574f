/** @file Read, check, presets, run: Model + Recipe → Variant. */

export * from './check-recipe';
export * from './method-list';
export * from './presets';
export * from './run-recipe';
