/** @file Model, Graph, Node, Value, Tensor; Patch. No protobuf, disk or runtime. */

export * from './array';
export * as attributes from './attributes';
export * from './build';
export * from './dims';
export * from './dtype';
export * from './function-body';
export * from './graph-index';
export * from './model';
export * from './opset';
export * from './patch';
export * from './pruned-weights';
export * from './replace-tensors';
export * from './tensor';
export * from './walk';
