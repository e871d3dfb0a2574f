/** @file The supervisor that starts, watches and kills engine processes, and the ways to start one. */

export * from './carrier';
export * from './fork-carrier';
export * from './supervisor';
