export const bundled: string[];
