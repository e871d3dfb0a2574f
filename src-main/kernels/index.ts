/** @file Hot routines. Plain TypeScript, or the native ones of the same names and results where they are built. */

export * from './reference';
