/** Documents in their smallest form, for tests of what stores and shows them. */

import type { Evaluation, Variant } from '../../src-main/contract';

const zeros = '0'.repeat(64);

export const sampleVariant: Variant = {
  format: 'lathe-variant',
  version: 1,
  id: 'static-int8-000000000000',
  name: 'static-int8',
  createdAt: '2026-01-02T03:04:05.000Z',
  recipe: { steps: [{ kind: 'quantize', method: 'static-int8' }] },
  source: { path: '/models/net.onnx', sha256: zeros, bytes: 400 },
  data: null,
  dims: {},
  seed: 0,
  versions: { lathe: '0.1.0', onnxruntime: '1.30.0', host: 'Node 20.20.2 linux x64', cpu: 'a CPU' },
  model: { path: 'model.onnx', bytes: 100, sha256: zeros, externalData: [] },
  steps: [],
  seconds: 1,
  peakRssBytes: null,
};

export const sampleEvaluation: Evaluation = {
  format: 'lathe-evaluation',
  version: 1,
  model: { path: '/models/net.onnx', sha256: zeros },
  data: null,
  mainMetric: null,
  metrics: {},
  classes: null,
  fidelity: null,
  differences: null,
  latencyMs: { p50: 2, p90: 3, p99: 4 },
  baselineLatencyMs: null,
  speedup: null,
  throughput: 500,
  bytes: 400,
  deflatedBytes: 300,
  peakRssBytes: null,
  samples: 0,
  conditions: {
    cpu: 'a CPU',
    features: [],
    threads: 1,
    batch: 1,
    warmups: 20,
    runs: 200,
    runtime: 'onnxruntime 1.30.0',
    host: 'Node 20.20.2 linux x64',
  },
  warnings: [],
};
