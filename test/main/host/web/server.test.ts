/** The web host's door, tried from outside by plain HTTP and WebSocket clients. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startWebHost, type WebHost } from '../../../../src-main/host/web/server';

let pages: string;
let host: WebHost;
let token: string;
let attached = 0;

beforeAll(async () => {
  pages = await mkdtemp(join(tmpdir(), 'lathe-web-'));
  await writeFile(join(pages, 'index.html'), '<p>start</p>');
  host = await startWebHost({
    pages,
    port: 0,
    attach: () => {
      attached += 1;
    },
  });
  token = new URL(host.address).searchParams.get('token') ?? '';
});
afterAll(async () => {
  await host.close();
  await rm(pages, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: host.port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (part) => {
        body += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject).end();
  });
}

async function cookie(): Promise<string> {
  const { headers } = await get(`/?token=${token}`);
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

/** The status that refuses an upgrade, or 101. */
function upgrade(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}${path}`, { headers });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => {
      resolve(101);
      socket.close();
    });
    socket.on('error', () => {});
  });
}

const origin = () => `http://127.0.0.1:${host.port}`;

describe('the key', () => {
  test('is 256 random bits in the printed address', () => {
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(host.address).toBe(`http://127.0.0.1:${host.port}/?token=${token}`);
  });

  test('is answered by a cookie that no script and no other site can use, and a redirect without it', async () => {
    const { status, headers, body } = await get(`/?token=${token}`);
    expect(status).toBe(303);
    expect(headers.location).toBe('/');
    expect(String(headers['set-cookie'])).toMatch(/^lathe-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(`${headers['set-cookie']}${body}`).not.toContain(token);
  });

  test('differs from start to start', async () => {
    const other = await startWebHost({ pages, port: 0, attach: () => {} });
    expect(new URL(other.address).searchParams.get('token')).not.toBe(token);
    const stolen = `${(await cookie()).replace(/^lathe-\d+/, `lathe-${other.port}`)}`;
    const answer = await fetch(`http://127.0.0.1:${other.port}/`, { headers: { cookie: stolen } });
    expect(answer.status).toBe(401);
    await other.close();
  });
});

describe('a request', () => {
  test.each([
    ['nothing', {}, '/'],
    ['a wrong token', {}, '/?token=wrong'],
    ['an empty token', {}, '/?token='],
    ['a token cut short', {}, () => `/?token=${token.slice(0, -1)}`],
    ['a wrong cookie', { cookie: 'lathe=1' }, '/'],
    ['a cookie of the right name', () => ({ cookie: `lathe-${host.port}=wrong` }), '/'],
    ['the token as cookie', () => ({ cookie: `lathe-${host.port}=${token}` }), '/'],
    ['nothing, for a file that is not there', {}, '/missing.js'],
  ])('with %s is refused with 401', async (_what, headers, path) => {
    const given = typeof headers === 'function' ? headers() : headers;
    const { status, body } = await get(typeof path === 'function' ? path() : path, given as Record<string, string>);
    expect(status).toBe(401);
    expect(body).not.toContain('start');
  });

  test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example'])(
    'for the host %s is refused with 403, key or not',
    async (name) => {
      expect((await get(`/?token=${token}`, { host: name })).status).toBe(403);
      expect((await get('/', { host: name, cookie: await cookie() })).status).toBe(403);
    },
  );

  test.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'file://'])(
    'from the origin %s is refused with 403, key or not',
    async (name) => {
      expect((await get(`/?token=${token}`, { origin: name })).status).toBe(403);
      expect((await get('/', { origin: name, cookie: await cookie() })).status).toBe(403);
    },
  );

  test('with the cookie is answered, by either of the two own names', async () => {
    const own = { cookie: await cookie() };
    expect(await get('/', own)).toMatchObject({ status: 200, body: '<p>start</p>' });
    expect((await get('/', { ...own, host: `localhost:${host.port}` })).status).toBe(200);
    expect((await get('/', { ...own, origin: origin() })).status).toBe(200);
    expect((await get('/missing.js', own)).status).toBe(404);
    expect((await get('/', own, 'POST')).status).toBe(405);
  });

  test('is answered with the fence of headers, whatever the answer', async () => {
    for (const { headers } of [await get('/'), await get('/', { cookie: await cookie() })]) {
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cross-origin-opener-policy']).toBe('same-origin');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cache-control']).toBe('no-store');
    }
  });
});

describe('a WebSocket upgrade', () => {
  test('without a key is refused with 401', async () => {
    expect(await upgrade('/studio', { origin: origin() })).toBe(401);
    expect(await upgrade('/studio?token=wrong', { origin: origin() })).toBe(401);
  });

  test('from a foreign origin or for a foreign host is refused with 403, key or not', async () => {
    const own = await cookie();
    expect(await upgrade('/studio', { origin: 'http://evil.example', cookie: own })).toBe(403);
    expect(await upgrade('/studio', { host: 'evil.example', cookie: own })).toBe(403);
  });

  test('elsewhere is not found', async () => {
    expect(await upgrade('/other', { origin: origin(), cookie: await cookie() })).toBe(404);
  });

  test('with cookie or token reaches the studio', async () => {
    const before = attached;
    expect(await upgrade('/studio', { origin: origin(), cookie: await cookie() })).toBe(101);
    expect(await upgrade(`/studio?token=${token}`, {})).toBe(101);
    expect(attached).toBe(before + 2);
  });
});

test('only loopback is listened to', async () => {
  const { networkInterfaces } = await import('node:os');
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal);
  // A machine without another address has nowhere to be reached from.
  if (outside === undefined) return;
  await expect(fetch(`http://${outside.address}:${host.port}/`)).rejects.toThrow();
});

test('a port in use is said so in one sentence', async () => {
  await expect(startWebHost({ pages, port: host.port, attach: () => {} })).rejects.toThrow(
    `port ${host.port}: is in use; choose another with --port, or none for any free one`,
  );
});
