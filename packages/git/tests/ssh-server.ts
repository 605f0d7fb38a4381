import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SshOptions } from '../src/index.ts';
import { git } from './helpers.ts';

const sshd = '/usr/sbin/sshd';

/** Whether this machine has OpenSSH's server (Debian: `openssh-server`, which `.ci/run` installs). */
export const hasSshd: boolean = existsSync(sshd);

export interface SshServer extends AsyncDisposable {
  /** Of an empty repository, whose folder is `bare`. */
  readonly url: string;
  readonly bare: string;
  /** The address of a folder on this machine. */
  urlOf(path: string): string;
  readonly ssh: SshOptions;
  /** A key that the server does not know. */
  readonly strangerKey: string;
  /** How many connections there have been. */
  readonly connections: number;
}

/**
 * A repository behind Debian's sshd for the user that runs the tests, on a port of its own: one process per connection. `acceptProtocol`: takes
 * the variable that asks for git's protocol 2, as the big hosts do and Debian's configuration does not.
 */
export async function startOverSsh(options: { readonly acceptProtocol?: boolean } = {}): Promise<SshServer> {
  const run = promisify(execFile);
  const folder = await mkdtemp(join(tmpdir(), 'plinth-sshd-'));
  for (const name of ['host', 'user', 'stranger']) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)]);
  // Where sshd puts its unprivileged half; made at the boot of a real machine.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const bare = join(folder, 'r.git');
  await git(folder, 'init', '-q', '--bare', bare);
  await git(bare, 'config', 'uploadpack.allowFilter', 'true');
  await git(bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  const config = [
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PidFile none',
    // Quicker than what is agreed on by itself.
    'KexAlgorithms curve25519-sha256',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    ...(options.acceptProtocol ? ['AcceptEnv GIT_PROTOCOL'] : []),
  ];
  await writeFile(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
  const running = new Set<ChildProcess>();
  let connections = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    connections++;
    const child = spawn(sshd, ['-i', '-f', join(folder, 'sshd_config')], { stdio: [socket, socket, 'ignore'] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    // The child has its own handle on the connection.
    child.once('spawn', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  const urlOf = (path: string): string => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`;
  return {
    url: urlOf(bare),
    bare,
    urlOf,
    ssh: { privateKey: await read('user'), knownHosts: `[127.0.0.1]:${port} ${(await read('host.pub')).trim()}\n` },
    strangerKey: await read('stranger'),
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
      await Promise.all([...running].map((child) => new Promise((resolve) => child.once('exit', resolve).kill())));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
