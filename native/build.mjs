/**
 * Builds native/build/kernels.node with the C++ compiler at hand: `npm run build:native`.
 *
 * No generator and no download: the headers are the packages node-api-headers and node-addon-api. Nothing is done where
 * the sources have not changed. Without a compiler it says so and ends well: the TypeScript kernels do the same work.
 * `--must` makes a missing compiler an error.
 */

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const native = dirname(fileURLToPath(import.meta.url));
const output = join(native, 'build');
const require = createRequire(import.meta.url);

/** What is compiled for which instruction set; the binding picks one when it is loaded. */
const levels = {
  kernelsBaseline: [],
  ...(process.arch === 'x64' && {
    kernelsAvx2: ['-march=x86-64-v3'],
    kernelsAvx512: ['-march=x86-64-v4', '-mprefer-vector-width=512'],
  }),
};

// No contraction to fused operations and no reordering: the results must be those of the TypeScript kernels, bit by bit.
const common = [
  '-std=c++17',
  '-O3',
  '-fPIC',
  '-fvisibility=hidden',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-Wall',
  '-Wextra',
  '-Wno-psabi',
];

/** @returns whether the kernels are there, and what happened in a sentence */
export async function buildNative() {
  const compiler = findCompiler();
  if (compiler === null)
    return { built: false, text: 'native kernels not built: no compiler (TypeScript does the work)' };
  const stamp = stampOf(compiler.version);
  const stampFile = join(output, 'stamp');
  const target = join(output, 'kernels.node');
  if (existsSync(target) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp)
    return { built: true, text: `native kernels are up to date (${compiler.version})` };
  const started = performance.now();
  // Built aside and renamed, so that two builds at once and a build that is stopped do no harm.
  const work = join(output, `work-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    renameSync(await compile(compiler.command, work), target);
    writeFileSync(join(work, 'stamp'), stamp);
    renameSync(join(work, 'stamp'), stampFile);
  } catch (thrown) {
    const reason = String(thrown.stderr || thrown.message);
    return {
      built: false,
      text: `native kernels not built: ${compiler.version} failed (TypeScript does the work)\n${reason}`,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return { built: true, text: `native kernels built with ${compiler.version} in ${seconds} s` };
}

function findCompiler() {
  if (process.platform === 'win32') return null;
  for (const command of [process.env.CXX, 'clang++', 'g++', 'c++']) {
    if (command === undefined || command === '') continue;
    try {
      const [version] = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).split('\n');
      return { command, version };
    } catch {}
  }
  return null;
}

function stampOf(version) {
  const hash = createHash('sha256').update(version).update(process.arch);
  for (const file of sources()) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function sources() {
  const inFolder = (folder) =>
    readdirSync(folder)
      .filter((name) => /\.(cpp|h|mjs)$/.test(name))
      .sort()
      .map((name) => join(folder, name));
  return [...inFolder(native), ...inFolder(join(native, 'kernels'))];
}

async function compile(compiler, work) {
  const run = (...args) => promisify(execFile)(compiler, args);
  const kernels = Object.entries(levels).map(async ([name, flags]) => {
    const object = join(work, `${name}.o`);
    await run(...common, ...flags, `-DKERNELS=${name}`, '-c', join(native, 'kernels', 'kernels.cpp'), '-o', object);
    return object;
  });
  const binding = async () => {
    const object = join(work, 'binding.o');
    await run(...common, '-fexceptions', ...defines, ...includes, '-c', join(native, 'binding.cpp'), '-o', object);
    return object;
  };
  const includes = [
    dirname(require.resolve('node-addon-api/package.json')),
    join(dirname(require.resolve('node-api-headers/package.json')), 'include'),
  ].map((folder) => `-I${folder}`);
  const defines = ['-DNAPI_CPP_EXCEPTIONS', '-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED', '-DNAPI_VERSION=8'];
  const objects = await Promise.all([...kernels, binding()]);
  const target = join(work, 'kernels.node');
  const link = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-pthread'];
  await run(...link, ...objects, '-o', target);
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { built, text } = await buildNative();
  console.log(text);
  if (!built && process.argv.includes('--must')) process.exitCode = 1;
}
