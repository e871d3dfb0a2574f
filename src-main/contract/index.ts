/** @file What crosses a border. Imports only zod. */

export * from './calls';
export * from './desktop';
export * from './disk-error';
export * from './documents';
export * from './error';
export * from './options';
export * from './parse';
export * from './recipe';
export * from './step';
export * from './targets';
export * from './understanding';
export * from './work';
