import { GitRemoteError } from '../errors.ts';

/** Throws what a server says in place of an answer (`ERR ...`). */
export function throwOnError(line: string | undefined): void {
  if (!line?.startsWith('ERR ')) return;
  throw new GitRemoteError(/not our ref|not found/i.test(line) ? 'not-found' : 'protocol', `the server says: ${line.slice(4, 504)}`);
}
