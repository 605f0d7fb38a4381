import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitRemoteError } from '../errors.ts';
import type { SshAddress } from './ssh-address.ts';
import type { GitService } from './transport.ts';

/** How to log in to an SSH server, and how to know that it is the right one. */
export interface SshOptions {
  /** An unencrypted private key, as in a file of `ssh-keygen`. */
  readonly privateKey: string;
  /** Lines as in `~/.ssh/known_hosts`; a server whose key is not among them is refused. */
  readonly knownHosts: string;
}

export interface SshProcessOptions {
  readonly address: SshAddress;
  readonly ssh: SshOptions;
  readonly service: GitService;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * One connection: the system's `ssh`, and at its other end one of git's programs.
 *
 * Nothing of the user's own set-up plays in (configuration, agent, known hosts). The key is in a file of mode 0600 in a folder
 * of its own from the start until the server has let us in, or has not.
 */
export class SshProcess {
  readonly service: GitService;
  /** It has answered a request. */
  used = false;
  readonly #options: SshProcessOptions;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  #isKeyGone = false;
  readonly #chunks: Buffer[] = [];
  #buffered = 0;
  #taken = 0;
  #ended = false;
  #failure: Error | undefined;
  #exitCode: number | null = null;
  #stderr = '';
  #wake: () => void = () => {};

  constructor(options: SshProcessOptions) {
    const { address, ssh, service } = options;
    this.#options = options;
    this.service = service;
    this.#folder = mkdtempSync(join(tmpdir(), 'plinth-ssh-'));
    try {
      const key = join(this.#folder, 'key');
      const knownHosts = join(this.#folder, 'known_hosts');
      // OpenSSH does not read a key whose last line has no end.
      writeFileSync(key, `${ssh.privateKey.replaceAll('\r\n', '\n').trimEnd()}\n`, { mode: 0o600, flag: 'wx' });
      writeFileSync(knownHosts, `${ssh.knownHosts.replaceAll('\r\n', '\n').trimEnd()}\n`, { mode: 0o600, flag: 'wx' });
      const settings = { ...fixedSettings, IdentityFile: `"${key}"`, UserKnownHostsFile: `"${knownHosts}"`, ConnectTimeout: String(Math.ceil(options.timeoutMs / 1000)) };
      const port = address.port === undefined ? [] : ['-p', String(address.port)];
      this.#child = spawn('ssh', ['-F', '/dev/null', '-T', '-a', '-x', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...port, '-l', address.user, '--', address.host, `${service} ${quoted(address.path)}`], {
        // Servers that let the variable in speak protocol 2.
        env: { PATH: process.env['PATH'], LC_ALL: 'C', ...(service === 'git-upload-pack' ? { GIT_PROTOCOL: 'version=2' } : {}) },
        stdio: 'pipe',
      });
    } catch (error) {
      this.#removeKey();
      throw error;
    }
    const { stdin, stdout, stderr } = this.#child;
    stdin.on('error', () => {}); // Told by the exit.
    stdout.on('data', (chunk: Buffer) => {
      this.#removeKey();
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      if (this.#taken + this.#buffered > options.maxBytes) this.#fail(new GitRemoteError('too-large', `the server's answer is larger than ${options.maxBytes} bytes`));
      this.#wake();
    });
    stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-maxStderr)));
    this.#child.once('error', (error: NodeJS.ErrnoException) => {
      this.#removeKey();
      this.#fail(error.code === 'ENOENT' ? new GitRemoteError('protocol', 'there is no program ssh on this machine: install OpenSSH\'s client') : error);
    });
    this.#child.once('close', (code) => {
      this.#removeKey();
      this.#exitCode = code;
      this.#ended = true;
      this.#wake();
    });
  }

  /** It can take another request. */
  get isOpen(): boolean {
    return !this.#ended && this.#failure === undefined;
  }

  write(bytes: Buffer): void {
    this.#child.stdin.write(bytes);
  }

  /** Packets up to and with the next flush packet. */
  async readUntilFlush(signal: AbortSignal | undefined): Promise<Buffer> {
    return this.#within(signal, async () => {
      const parts: Buffer[] = [];
      for (;;) {
        const head = await this.#take(4);
        parts.push(head);
        const length = Number.parseInt(head.toString('latin1'), 16);
        if (!/^[0-9a-fA-F]{4}$/.test(head.toString('latin1'))) throw new GitRemoteError('protocol', `the server says ${JSON.stringify((head.toString('utf8') + this.#rest().toString('utf8', 0, 200)).trim())}, which is not git's protocol`);
        if (length === 0) return Buffer.concat(parts);
        if (length > 4) parts.push(await this.#take(length - 4));
      }
    });
  }

  /** Everything until the server ends. */
  async readToEnd(signal: AbortSignal | undefined): Promise<Buffer> {
    return this.#within(signal, async () => {
      while (!this.#ended) await this.#more();
      const rest = this.#rest();
      if (this.#exitCode !== 0) throw this.#explainExit();
      return rest;
    });
  }

  /** Ends the connection. */
  end(): void {
    this.#removeKey();
    this.#child.stdin.destroy();
    this.#child.kill();
  }

  async #within<T>(signal: AbortSignal | undefined, read: () => Promise<T>): Promise<T> {
    const { address, service, timeoutMs } = this.#options;
    const what = `${service} at ${address.url}`;
    const patience = setTimeout(() => this.#fail(new GitRemoteError('timeout', `no answer within ${timeoutMs} ms`)), timeoutMs);
    const stop = (): void => this.#fail(new GitRemoteError('aborted', 'given up'));
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    try {
      return await read();
    } catch (error) {
      this.end();
      const reason = error instanceof GitRemoteError ? error.reason : 'unreachable';
      throw new GitRemoteError(reason, `${what}: ${(error as Error).message}`, { cause: error });
    } finally {
      clearTimeout(patience);
      signal?.removeEventListener('abort', stop);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.end();
    this.#wake();
  }

  async #take(bytes: number): Promise<Buffer> {
    while (this.#buffered < bytes) {
      if (this.#ended && !this.#failure) throw this.#explainExit();
      await this.#more();
    }
    const whole = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks.splice(0, this.#chunks.length, ...(whole.length > bytes ? [whole.subarray(bytes)] : []));
    this.#buffered -= bytes;
    this.#taken += bytes;
    return whole.subarray(0, bytes);
  }

  #rest(): Buffer {
    const rest = Buffer.concat(this.#chunks.splice(0));
    this.#buffered = 0;
    this.#taken += rest.length;
    return rest;
  }

  async #more(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    if (this.#failure) throw this.#failure;
  }

  /** What ssh, or git at the other end, said before it ended. The wording: OpenSSH's ssh.c and sshconnect.c, git's path checks, GitHub's answers. */
  #explainExit(): GitRemoteError {
    const said = this.#stderr.replaceAll(this.#folder, '').split('\n').map((line) => line.trim().replace(/^(?:fatal|ERROR|remote): ?/i, '')).filter((line) => line !== '' && !line.startsWith('@@@'));
    const text = said.slice(0, 6).join('; ').slice(0, 600) || `the connection ended (exit code ${this.#exitCode ?? 'none'})`;
    if (/host key verification failed|host key is known for|REMOTE HOST IDENTIFICATION HAS CHANGED/i.test(text)) return new GitRemoteError('unauthorized', `the server's host key is not the one in knownHosts: ${text}`);
    if (/permission denied|load key|access denied|permission to .* denied|read.only|not allowed to push/i.test(text)) return new GitRemoteError('unauthorized', text);
    if (/not appear to be a git repository|repository not found|no such (?:file|project|repository)|could not be found/i.test(text)) return new GitRemoteError('not-found', text);
    return new GitRemoteError(this.#exitCode === 255 || this.#exitCode === null || said.length === 0 ? 'unreachable' : 'protocol', text);
  }

  /** Asked for with each piece of an answer; done once. */
  #removeKey(): void {
    if (this.#isKeyGone) return;
    this.#isKeyGone = true;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const maxStderr = 4000;

const fixedSettings = {
  BatchMode: 'yes',
  StrictHostKeyChecking: 'yes',
  GlobalKnownHostsFile: '/dev/null',
  UpdateHostKeys: 'no',
  IdentitiesOnly: 'yes',
  IdentityAgent: 'none',
  PreferredAuthentications: 'publickey',
  ClearAllForwardings: 'yes',
  ControlMaster: 'no',
  ControlPath: 'none',
  PermitLocalCommand: 'no',
  SendEnv: 'GIT_PROTOCOL',
  ServerAliveInterval: '10',
  LogLevel: 'ERROR',
} as const;

/** For the shell at the other end, as git quotes it. */
const quoted = (path: string): string => `'${path.replaceAll(/['!]/g, (char) => `'\\${char}'`)}'`;
