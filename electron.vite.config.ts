import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import { bundled } from './src-main/host/shared/bundled.mjs';

/** The floor of every host: the build would else aim at Electron's own Node. */
const nodeTarget = 'node20.19';
/** The pages also serve plain browsers, those of the last two years. */
const pageTarget = 'es2023';
const at = (path: string): string => resolve(import.meta.dirname, path);

export default defineConfig({
  main: {
    build: {
      outDir: at('out/main'),
      target: nodeTarget,
      externalizeDeps: { exclude: bundled },
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input: { index: at('src-main/host/electron/main.ts'), engine: at('src-main/engine/main.ts') },
        // Flat, so that a path from an entry's own address stays right.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: at('out/preload'),
      target: nodeTarget,
      minify: false,
      // A sandboxed preload is one CommonJS file: it cannot load packages.
      externalizeDeps: false,
      rolldownOptions: {
        input: { preload: at('src-main/host/electron/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('src-renderer'),
    base: './',
    plugins: [react()],
    build: {
      outDir: at('out/renderer'),
      emptyOutDir: true,
      target: pageTarget,
      minify: 'oxc',
      sourcemap: false,
      // Charts are the largest piece, and loaded from this machine.
      chunkSizeWarningLimit: 1500,
      rolldownOptions: { input: at('src-renderer/index.html') },
    },
  },
});
