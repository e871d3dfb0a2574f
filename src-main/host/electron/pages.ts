/** Where the window's pages come from: the app's own files under `app://`, and nothing else. */

import { protocol, type Session } from 'electron';
import { pageHeaders, readPage } from '../shared/pages';

const scheme = 'app';
const host = 'studio';

export interface PageSource {
  /** What the window loads. */
  readonly address: string;
  /** The only origin whose messages are heard. */
  readonly origin: string;
}

/** Before the app is ready. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/** @param devServer where `npm run dev` serves the pages; null in every other start */
export function servePages(session: Session, folder: string, devServer: string | null): PageSource {
  if (devServer !== null) return { address: devServer, origin: new URL(devServer).origin };
  session.protocol.handle(scheme, async (request) => {
    const url = new URL(request.url);
    const page = url.host === host && request.method === 'GET' ? await readPage(folder, url.pathname) : null;
    if (page === null) return new Response('Not found', { status: 404, headers: pageHeaders() });
    return new Response(page.bytes, { headers: { ...pageHeaders(), 'Content-Type': page.type } });
  });
  return { address: `${scheme}://${host}/`, origin: `${scheme}://${host}` };
}

/** Nothing is fetched from elsewhere, whatever a page asks for. */
export function refuseRemoteContent(session: Session, { origin }: PageSource): void {
  const socketOrigin = origin.replace(/^http/, 'ws');
  const own = (url: string): boolean =>
    /^(blob|data|devtools):/.test(url) || [origin, socketOrigin].some((known) => url.startsWith(`${known}/`));
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !own(url) }));
}
