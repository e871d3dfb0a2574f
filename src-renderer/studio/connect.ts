/** Finds the host that serves this page: a port that Electron's preload hands over, else a WebSocket of the same origin. */

import type { DesktopBridge, StudioCalls, StudioPortMessage } from '../../src-main/contract';
import { type Channel, createClient, messagePortChannel, webSocketChannel } from '../../src-main/rpc/client';
import { useStudio } from './store';

const portMessage: StudioPortMessage['type'] = 'lathe:studio-port';
const socketPath = '/studio';

/** Connects once; the store tells when the connection opened and when it was lost. */
export async function connect(): Promise<void> {
  useStudio.setState({ connection: 'connecting', client: null });
  const channel = window.lathe === undefined ? openSocket() : await receivePort(window.lathe);
  const client = createClient<StudioCalls>(channel);
  channel.onClose(() => useStudio.setState({ connection: 'lost', client: null }));
  useStudio.setState({ client });
}

function openSocket(): Channel {
  const scheme = window.location.protocol === 'https:' ? 'wss:' : 'ws:';
  return webSocketChannel(new WebSocket(`${scheme}//${window.location.host}${socketPath}`));
}

function receivePort(desktop: DesktopBridge): Promise<Channel> {
  return new Promise((resolve) => {
    const listen = (event: MessageEvent) => {
      const port = event.ports[0];
      if (event.source !== window || event.data?.type !== portMessage || port === undefined) return;
      window.removeEventListener('message', listen);
      resolve(messagePortChannel(port));
    };
    window.addEventListener('message', listen);
    desktop.connect();
  });
}
