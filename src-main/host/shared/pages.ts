/** The studio's built pages as responses: which file answers an address, and the headers that fence a page in. */

import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

export interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/**
 * The file of an address's path, `/` being `index.html`.
 * @returns null where there is none: unknown kinds of file, folders, and whatever would lie outside `folder`
 */
export async function readPage(folder: string, path: string): Promise<Page | null> {
  const name = decodePath(path);
  if (name === null) return null;
  const file = join(folder, name === '/' ? 'index.html' : name);
  const type = types[extname(file)];
  if (type === undefined || !file.startsWith(normalize(folder + sep))) return null;
  try {
    return { bytes: new Uint8Array(await readFile(file)), type };
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null;
    throw error;
  }
}

function decodePath(path: string): string | null {
  try {
    const name = decodeURIComponent(path);
    return name.startsWith('/') && !name.includes('\0') && !name.includes('\\') ? name : null;
  } catch {
    return null;
  }
}

/**
 * Headers of every response to a page. The component library writes style tags, hence `unsafe-inline` for styles alone.
 * @param connect further addresses that scripts may connect to
 */
export function pageHeaders(connect: readonly string[] = []): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${["'self'", ...connect].join(' ')}`,
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    'Content-Security-Policy': policy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), usb=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  };
}
