/** The app as `npm start` builds it. */

import { currentApp } from '../../src-main/host/shared/bundle.mjs';

export default async function buildApp(): Promise<void> {
  await currentApp();
}
