/** The studio over loopback HTTP and WebSocket, for a plain browser. */

import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { LatheError } from '../../contract';
import { webSocketChannel } from '../../rpc/client';
import type { Channel } from '../../rpc/messages';
import { pageHeaders, readPage } from '../shared/pages';
import { createAccess, requestUrl } from './access';

export interface WebHost {
  /** With the token in its query: what is printed and opened. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface WebHostOptions {
  /** The folder of the built pages. */
  readonly pages: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Serves the studio to one browser tab. */
  readonly attach: (channel: Channel) => void;
}

const loopback = '127.0.0.1';
/** Where pages open their WebSocket. */
const socketPath = '/studio';
/** Above the longest message of a call, so that the call itself refuses it with a sentence. */
const maxPayload = 4 * 1024 * 1024;

/** @throws LatheError where the port cannot be had */
export async function startWebHost({ pages, port, attach }: WebHostOptions): Promise<WebHost> {
  const access = createAccess();
  const sockets = new WebSocketServer({ noServer: true, maxPayload, clientTracking: true });
  let ownPort = port;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const headers = pageHeaders([`ws://${request.headers.host}`]);
    const verdict = access.judge(request, ownPort);
    if (verdict === 'forbidden') return refuse(response, 403, headers);
    if (verdict === 'unauthorized') return refuse(response, 401, headers);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(response, 405, { ...headers, Allow: 'GET' });
    const { pathname } = requestUrl(request);
    if (verdict === 'enter') {
      response.writeHead(303, { ...headers, 'Set-Cookie': access.cookie(ownPort), Location: '/', ...neverStored });
      response.end();
      return;
    }
    const page = await readPage(pages, pathname);
    if (page === null) return refuse(response, 404, headers);
    response.writeHead(200, {
      ...headers,
      'Content-Type': page.type,
      'Content-Length': page.bytes.length,
      ...neverStored,
    });
    response.end(request.method === 'HEAD' ? undefined : page.bytes);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => refuse(response, 500, {}));
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    const verdict = access.judge(request, ownPort);
    if (verdict === 'forbidden') return refuseUpgrade(stream, 403);
    if (verdict === 'unauthorized') return refuseUpgrade(stream, 401);
    if (requestUrl(request).pathname !== socketPath) return refuseUpgrade(stream, 404);
    sockets.handleUpgrade(request, stream, head, (socket) => attach(webSocketChannel(socket)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(portError(port, cause)));
    server.listen(port, loopback, resolve);
  });
  ownPort = (server.address() as AddressInfo).port;
  return {
    address: `http://${loopback}:${ownPort}/?token=${access.token}`,
    port: ownPort,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.terminate();
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const neverStored = { 'Cache-Control': 'no-store' };

function refuse(response: ServerResponse, status: number, headers: Record<string, string>): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8', ...neverStored });
  response.end(`${status} ${STATUS_CODES[status]}\n${hint(status)}`);
}

function hint(status: number): string {
  return status === 401 ? 'Open the address that `lathe studio` printed: it carries the key.\n' : '';
}

function refuseUpgrade(stream: Duplex, status: number): void {
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function portError(port: number, cause: NodeJS.ErrnoException): LatheError {
  const what = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${cause.code})`;
  return new LatheError({
    who: `port ${port}`,
    what,
    next: 'choose another with --port, or none for any free one',
    code: 'failed',
    cause,
  });
}
