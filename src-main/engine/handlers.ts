/**
 * What an engine process answers. Each room is loaded by the first call that needs it, so that a short question does
 * not pay for the long ones.
 */

import type { EngineCalls } from '../contract';
import type { Handlers } from '../rpc/server';

export const engineHandlers: Partial<Handlers<EngineCalls>> = {
  engineInfo: async () => (await import('./engine-info')).engineInfo(),
};
