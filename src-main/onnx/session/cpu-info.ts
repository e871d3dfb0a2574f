/** The processor that decides how fast int8 is. */

import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';

export interface CpuInfo {
  readonly name: string;
  /** Instruction sets that matter to kernels, in Linux' spelling: `avx2`, `avx512_vnni`, `amx_int8`, `asimddp`. */
  readonly features: readonly string[];
}

const relevant = new Set([
  'sse4_1',
  'avx',
  'avx2',
  'fma',
  'f16c',
  'avx512f',
  'avx512bw',
  'avx512vl',
  'avx512_vnni',
  'avx_vnni',
  'avx_vnni_int8',
  'avx512_bf16',
  'avx512_fp16',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
  'asimd',
  'asimdhp',
  'asimddp',
  'i8mm',
  'bf16',
  'sve',
  'sve2',
]);

/** Name and features; the features are known on Linux, and on Apple silicon by what all of it has. */
export function cpuInfo(): CpuInfo {
  const name = cpus()[0]?.model.trim() || `unknown ${arch()} CPU`;
  if (process.platform === 'darwin' && arch() === 'arm64') return { name, features: ['asimd', 'asimdhp', 'asimddp'] };
  return { name, features: featuresOf(linuxCpuText()) };
}

/** Features that the text of `/proc/cpuinfo` lists for the first processor (`flags` on x86, `Features` on ARM). */
export function featuresOf(cpuinfo: string): string[] {
  const listed = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return listed.split(/\s+/).filter((flag) => relevant.has(flag));
}

/** Whether the CPU is an x64 one that is known to add products of bytes in pairs of 16 bits, which saturate. */
export function addsPairsIn16Bits(cpu: CpuInfo, architecture: string = arch()): boolean {
  return architecture === 'x64' && hasInt8DotProduct(cpu) === false;
}

/**
 * Whether 8-bit products are summed exactly, and fast. Without it x64 sums pairs of u8·s8 in 16 bits, which saturate.
 * null: the system does not tell.
 */
export function hasInt8DotProduct(cpu: CpuInfo): boolean | null {
  if (cpu.features.length === 0) return null;
  return ['avx512_vnni', 'avx_vnni', 'avx_vnni_int8', 'amx_int8', 'asimddp', 'i8mm'].some((feature) =>
    cpu.features.includes(feature),
  );
}

function linuxCpuText(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
