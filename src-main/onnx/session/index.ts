/** @file The one door to onnxruntime-node. */

export { blockedDomain, channelBlock } from './channel-block';
export * from './cpu-info';
export * from './folded-types';
export * from './graph-types';
export * from './model-inputs';
export * from './observe-run';
export * from './open-session';
export * from './optimize-model';
export { runtimeVersion } from './runtime';
export * from './session';
export * from './value-types';
