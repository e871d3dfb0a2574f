export function buildNative(): Promise<{ built: boolean; text: string }>;
