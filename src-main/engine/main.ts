/**
 * The engine process: all heavy work, and the only place where onnxruntime runs. Its parent is Electron's main process
 * (utility process) or a Node (forked child); it ends with its parent.
 */

import { engineCalls } from '../contract';
import { childProcessChannel } from '../rpc/channels/child-process';
import { messagePortChannel, type PortLike } from '../rpc/channels/message-port';
import type { Channel } from '../rpc/messages';
import { serve } from '../rpc/server';
import { engineHandlers } from './handlers';

const heartbeatMs = 1000;

function channelToParent(): Channel {
  const { parentPort } = process as unknown as { parentPort?: PortLike };
  return parentPort === undefined ? childProcessChannel(process) : messagePortChannel(parentPort);
}

const channel = channelToParent();
setInterval(() => channel.send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() }), heartbeatMs).unref();
// A terminal sends Ctrl-C to the whole group: what to stop, and how, is the parent's to say.
process.on('SIGINT', () => {});
void serve(channel, engineCalls, engineHandlers).then(() => process.exit());
