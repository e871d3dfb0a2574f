/** @file Read-only answers about models. */

export * from './compare-weights';
export * from './core-graph';
export * from './diff-models';
export * from './diff-report';
export * from './fix-dims';
export * from './fusion-report';
export * from './inspect-model';
export * from './kernels-report';
export * from './known-types';
export * from './macs';
export * from './match-nodes';
export * from './node-costs';
export * from './node-map';
export * from './nodes-report';
export * from './profile-nodes';
export * from './same-weights';
export * from './type-text';
export * from './warnings';
