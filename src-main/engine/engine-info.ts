import type { EngineCalls, ResultOf } from '../contract';
import { hostName } from '../evaluate/machine';
import { cpuInfo, runtimeVersion } from '../onnx/session';

/** Versions and CPU of this process. */
export function engineInfo(): ResultOf<EngineCalls, 'engineInfo'> {
  const cpu = cpuInfo();
  return {
    onnxruntime: runtimeVersion().replace(/^onnxruntime /, ''),
    host: hostName(),
    cpu: cpu.name,
    features: [...cpu.features],
    pid: process.pid,
  };
}
