/**
 * Who may speak to the web host. Other programs of this machine and every page in the user's browser can reach a
 * loopback port, so an address is answered only with the secret that was printed, and only under its own name.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** `enter`: the token came in the query and becomes a cookie. */
export type Verdict = 'admitted' | 'enter' | 'unauthorized' | 'forbidden';

export interface Access {
  /** 256 random bits, for the query of the printed address. */
  readonly token: string;
  /** The value of the Set-Cookie header that answers the token. */
  cookie(port: number): string;
  judge(request: IncomingMessage, port: number): Verdict;
}

const secretBytes = 32;

export function createAccess(): Access {
  const token = randomBytes(secretBytes).toString('base64url');
  const session = randomBytes(secretBytes).toString('base64url');
  return {
    token,
    cookie: (port) => `${cookieName(port)}=${session}; HttpOnly; SameSite=Strict; Path=/`,
    judge: (request, port) => {
      if (!isOwnName(request, port)) return 'forbidden';
      const given = requestUrl(request).searchParams.get('token');
      if (given !== null && sameSecret(given, token)) return 'enter';
      const cookie = readCookie(request.headers.cookie, cookieName(port));
      return cookie !== null && sameSecret(cookie, session) ? 'admitted' : 'unauthorized';
    },
  };
}

/** The address of a request; of a path that is none, an address that nothing answers. */
export function requestUrl(request: IncomingMessage): URL {
  const path = request.url?.startsWith('/') ? request.url : '/';
  try {
    return new URL(`http://127.0.0.1${path}`);
  } catch {
    return new URL('http://127.0.0.1/');
  }
}

/** A name that a stranger points at 127.0.0.1 comes with its own Host; a stranger's page with its own Origin. */
function isOwnName(request: IncomingMessage, port: number): boolean {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host, origin } = request.headers;
  if (host === undefined || !own.includes(host)) return false;
  return origin === undefined || origin === `http://${host}`;
}

/** Cookies do not know ports: the name holds studios apart that run side by side. */
function cookieName(port: number): string {
  return `lathe-${port}`;
}

function readCookie(header: string | undefined, name: string): string | null {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

/** In a time that tells nothing about where two secrets differ, nor about their lengths. */
function sameSecret(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
