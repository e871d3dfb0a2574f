import { defineCommand, usageError } from '../command';

export const studio = defineCommand({
  name: 'studio',
  summary:
    'Opens the studio in the browser and serves it until Ctrl-C. Only this machine can reach it, and only with the printed address.',
  arguments: '[PROJECT]',
  positionals: { min: 0, max: 1 },
  options: {
    'no-open': { type: 'boolean', help: 'Print the address only.' },
    port: { type: 'string', value: 'N', help: 'Port to listen on; any free one where none is given.' },
  },
  run: async (call) => {
    const port = parsePort(call.options.port);
    const { serveStudio } = await import('../serve-studio');
    await serveStudio(call, { project: call.positionals[0] ?? null, port, open: !call.options['no-open'] });
  },
});

function parsePort(text = '0'): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw usageError('studio', `--port expects 0 to 65535, got "${text}"`);
  return port;
}
