import { GitRemoteError } from '../errors.ts';
import { parseSshUrl } from './ssh-address.ts';
import type { SshAddress } from './ssh-address.ts';
import { SshProcess } from './ssh-process.ts';
import type { SshOptions } from './ssh-process.ts';
import type { GitService, Transport, TransportRequest } from './transport.ts';

export interface SshTransportOptions {
  readonly url: string;
  readonly ssh: SshOptions | undefined;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** How long a connection waits for the next request of the same refresh, in ms. */
const idleMs = 1000;

/**
 * git over SSH: a look at the refs and the fetch that follows share a connection, a push has one. (One that stays longer saves
 * little and would show old refs: git's own server reads them once.)
 */
export class SshTransport implements Transport {
  readonly #address: SshAddress;
  readonly #ssh: SshOptions;
  readonly #options: SshTransportOptions;
  /** Its service has said what it says at first, and waits. */
  #waiting: SshProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  readonly #running = new Set<SshProcess>();

  constructor(options: SshTransportOptions) {
    this.#address = parseSshUrl(options.url);
    if (!options.ssh) throw new GitRemoteError('unauthorized', `${this.#address.url} needs a private key and known hosts`);
    this.#ssh = options.ssh;
    this.#options = options;
  }

  get url(): string {
    return this.#address.url;
  }

  async advertisement(service: GitService, signal?: AbortSignal): Promise<Buffer> {
    this.#take(service, true)?.end();
    return this.#using(service, undefined, async (process) => {
      const said = await process.readUntilFlush(signal);
      this.#keep(process);
      return said;
    });
  }

  async request(service: GitService, body: Buffer, { version, fresh = false, signal }: TransportRequest): Promise<Buffer> {
    return this.#using(service, this.#take(service, fresh), async (process, isNew) => {
      if (isNew) await process.readUntilFlush(signal);
      process.used = true;
      process.write(body);
      if (version !== 2 || service !== 'git-upload-pack') return process.readToEnd(signal);
      const answer = await process.readUntilFlush(signal);
      this.#keep(process);
      return answer;
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    this.#waiting?.end();
    this.#waiting = undefined;
    for (const process of this.#running) process.end();
  }

  async #using(service: GitService, waiting: SshProcess | undefined, act: (process: SshProcess, isNew: boolean) => Promise<Buffer>): Promise<Buffer> {
    const process = waiting ?? new SshProcess({ address: this.#address, ssh: this.#ssh, service, timeoutMs: this.#options.timeoutMs, maxBytes: this.#options.maxBytes });
    this.#running.add(process);
    try {
      return await act(process, waiting === undefined);
    } finally {
      this.#running.delete(process);
    }
  }

  /** The connection that waits, if it serves; otherwise it ends. */
  #take(service: GitService, fresh: boolean): SshProcess | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(this.#idle);
    if (waiting?.isOpen && waiting.service === service && !(fresh && waiting.used)) return waiting;
    waiting?.end();
    return undefined;
  }

  #keep(process: SshProcess): void {
    this.#take(process.service, true)?.end();
    this.#waiting = process;
    this.#idle = setTimeout(() => this.#take(process.service, true)?.end(), idleMs).unref();
  }
}
