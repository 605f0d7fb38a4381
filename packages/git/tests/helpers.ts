import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startGitServer } from '../src/index.ts';
import type { GitServer, GitServerOptions } from '../src/index.ts';

export const credentials = { username: 'gitea_admin', password: 'p@ss/word' };

export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly server: GitServer;
  /** Of the repository `o/r`. */
  readonly url: string;
  readonly pushUrl: string;
  /** The repository's folder on disk. */
  readonly bare: string;
}

/** A server on a folder of its own, with an empty repository `o/r`. */
export async function startWorld(options: Partial<GitServerOptions> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-git-'));
  const dataDir = join(folder, 'data');
  const server = await startGitServer({ dataDir, credentials: [credentials], repositories: [{ owner: 'o', name: 'r' }], ...options });
  const url = `${server.url}/o/r`;
  return {
    folder,
    server,
    url,
    pushUrl: withCredentials(url),
    bare: join(dataDir, 'o', 'r.git'),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function withCredentials(url: string): string {
  return url.replace('://', `://${credentials.username}:${encodeURIComponent(credentials.password)}@`);
}

const run = promisify(execFile);

/** Stock git, with nobody's configuration. Resolves with what it printed, rejects with what it said on stderr. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'c',
    GIT_COMMITTER_EMAIL: 'c@example.org',
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_CONFIG_KEY_1: 'init.defaultBranch',
    GIT_CONFIG_VALUE_1: 'main',
  };
  const { stdout } = await run('git', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** Fails when stock git finds anything wrong in a repository. */
export async function fsck(folder: string): Promise<void> {
  await git(folder, 'fsck', '--full', '--strict', '--no-dangling');
}
