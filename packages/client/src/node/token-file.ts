import { readFile } from 'node:fs/promises';

/**
 * A token provider for a file that somebody else keeps fresh, as the node agent does for service-account tokens. Reads
 * it at most once in `maxAgeMs` (default: a minute, as client-go does) and goes on with the last good one when it cannot.
 */
export function fileToken(path: string, maxAgeMs = 60_000): () => Promise<string> {
  let last: { readonly token: string; readonly readAt: number } | undefined;
  return async () => {
    const now = performance.now();
    if (last && now - last.readAt < maxAgeMs) return last.token;
    try {
      last = { token: (await readFile(path, 'utf8')).trim(), readAt: now };
    } catch (error) {
      if (!last) throw error;
    }
    return last.token;
  };
}
