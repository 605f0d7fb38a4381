import { GitFormatError, GitRemoteError } from '../errors.ts';
import { zeroId } from '../objects/object.ts';
import { encodeDelta } from '../pack/delta.ts';
import { parsePack } from '../pack/pack-reader.ts';
import { writePack } from '../pack/pack-writer.ts';
import type { PackInput } from '../pack/pack-writer.ts';
import { agent } from '../protocol/agent.ts';
import { delimiterPacket, flushPacket, packet, PacketReader } from '../protocol/pkt-line.ts';
import type { RemoteOptions } from './http-client.ts';
import { HttpTransport } from './http-transport.ts';
import { parseRefLine, readAdvertisement, type Discovery } from './read-advertisement.ts';
import { readFetchV0, readFetchV2, type FetchAnswer } from './read-fetch.ts';
import { readReport } from './read-report.ts';
import type { FetchOptions, FetchResult, PushObject, PushOptions, PushOutcome, RemoteRef } from './remote-types.ts';
import { throwOnError } from './server-error.ts';
import { isSshUrl } from './ssh-address.ts';
import { SshTransport } from './ssh-transport.ts';
import { tracedTransport } from './traced-transport.ts';
import type { GitService, Transport } from './transport.ts';

/**
 * A repository on any git server that speaks smart HTTP or SSH, in process (but for the program `ssh`): what refs there are,
 * fetching objects into memory, pushing. Connections stay open between calls; dispose of it to close them.
 *
 * Errors: every method rejects with a {@link GitRemoteError}, whose reason tells unreachable from unauthorized from gone.
 */
export class GitRemote implements Disposable {
  readonly #transport: Transport;
  #upload: Promise<Discovery> | undefined;
  #receive: ReadonlyMap<string, string> | undefined;
  /** Its refs (version 0) were given out; by the next time they are old. */
  #told: Discovery | undefined;

  constructor(options: RemoteOptions) {
    const { url, ssh, timeoutMs = 30_000, maxResponseBytes: maxBytes = 512 * 1024 * 1024 } = options;
    const transport = isSshUrl(url) ? new SshTransport({ url, ssh, timeoutMs, maxBytes }) : new HttpTransport(options);
    this.#transport = options.trace ? tracedTransport(transport, options.trace) : transport;
  }

  /** The address without credentials. */
  get url(): string {
    return this.#transport.url;
  }

  /** Refs whose full names begin with one of the prefixes; `['HEAD']` finds the default branch; absent: all. */
  async lsRefs(options: { readonly prefixes?: readonly string[]; readonly signal?: AbortSignal } = {}): Promise<readonly RemoteRef[]> {
    const wanted = (name: string): boolean => !options.prefixes || options.prefixes.some((prefix) => name.startsWith(prefix));
    let discovery = await this.#discover(options.signal);
    if (discovery.version === 0) {
      if (this.#told === discovery) {
        this.#upload = undefined;
        discovery = await this.#discover(options.signal);
      }
      this.#told = discovery;
      return discovery.refs.filter((ref) => wanted(ref.name));
    }
    const args = ['peel', 'symrefs', ...(options.prefixes ?? []).map((prefix) => `ref-prefix ${prefix}`)];
    const reply = await this.#command('ls-refs', args, options.signal);
    return this.#parse('ls-refs', () => {
      const { lines } = new PacketReader(reply).lines();
      throwOnError(lines[0]);
      return lines.filter((line) => !line.startsWith('unborn ')).map(parseRefLine).filter((ref) => wanted(ref.name));
    });
  }

  /** Whether {@link FetchOptions.filter} has an effect there. */
  async supportsFilter(signal?: AbortSignal): Promise<boolean> {
    const { version, capabilities } = await this.#discover(signal);
    return version === 2 ? (capabilities.get('fetch') ?? '').split(' ').includes('filter') : capabilities.has('filter');
  }

  /** Objects that `wants` reach and `haves` do not. */
  async fetch(options: FetchOptions): Promise<FetchResult> {
    if (options.wants.length === 0) return { pack: undefined, shallow: [] };
    const discovery = await this.#discover(options.signal);
    const filter = options.filter && (await this.supportsFilter(options.signal)) ? [`filter ${options.filter}`] : [];
    const shallow = (options.shallow ?? []).map((id) => `shallow ${id}`);
    const depth = options.depth === undefined ? [] : [`deepen ${options.depth}`];
    const haves = (options.haves ?? []).map((id) => `have ${id}`);
    let answer: FetchAnswer;
    if (discovery.version === 2) {
      const args = ['ofs-delta', 'no-progress', ...(options.base ? ['thin-pack'] : []), ...options.wants.map((id) => `want ${id}`), ...shallow, ...depth, ...filter, ...haves, 'done'];
      const reply = await this.#command('fetch', args, options.signal);
      answer = this.#parse('fetch', () => readFetchV2(reply));
    } else {
      const capabilities = ['side-band-64k', 'ofs-delta', 'no-progress', ...(options.base ? ['thin-pack'] : []), ...(filter.length > 0 ? ['filter'] : []), `agent=${agent}`].filter((word) => discovery.capabilities.has(word.split('=')[0]!));
      const [first, ...rest] = options.wants;
      const lines = [`want ${first} ${capabilities.join(' ')}`, ...rest.map((id) => `want ${id}`), ...shallow, ...depth, ...filter];
      const body = Buffer.concat([...lines.map((line) => packet(`${line}\n`)), flushPacket, ...haves.map((line) => packet(`${line}\n`)), packet('done\n')]);
      const reply = await this.#request('git-upload-pack', body, 0, options.signal);
      this.#upload = undefined;
      answer = this.#parse('fetch', () => readFetchV0(reply, depth.length > 0, capabilities.includes('side-band-64k')));
    }
    if (answer.pack.length === 0) return { pack: undefined, shallow: answer.shallow };
    try {
      return { pack: await parsePack(answer.pack, { limits: options.limits, signal: options.signal, ...(options.base ? { base: options.base } : {}) }), shallow: answer.shallow };
    } catch (error) {
      if (options.signal?.aborted) throw new GitRemoteError('aborted', `fetch from ${this.url} was given up`, { cause: error });
      throw new GitRemoteError(error instanceof GitFormatError ? 'protocol' : 'too-large', `fetch from ${this.url}: ${(error as Error).message}`, { cause: error });
    }
  }

  /**
   * Moves refs, all of them or (where the server cannot do that) each by itself. Outcomes in the order of the updates.
   * When the connection breaks before the answer, the refs may have moved: ask with {@link lsRefs}.
   */
  async push(options: PushOptions): Promise<readonly PushOutcome[]> {
    const capabilities = (this.#receive ??= await this.#discoverReceive(options.signal));
    const words = ['report-status', 'side-band-64k', ...(options.updates.length > 1 ? ['atomic'] : []), 'object-format=sha1', `agent=${agent}`].filter((word) => capabilities.has(word.split('=')[0]!));
    const lines = options.updates.map((update, at) => packet(`${update.old} ${update.new} ${update.ref}${at === 0 ? `\0 ${words.join(' ')}` : ''}\n`));
    const deletesOnly = options.updates.every((update) => update.new === zeroId);
    const pack = deletesOnly ? Buffer.alloc(0) : writePack(options.objects.map((object) => packInput(object, !capabilities.has('no-thin')))).pack;
    let reply: Buffer;
    try {
      reply = await this.#request('git-receive-pack', Buffer.concat([...lines, flushPacket, pack]), 0, options.signal);
    } catch (error) {
      this.#receive = undefined;
      throw error;
    }
    return this.#parse('push', () => readReport(reply, options.updates, words.includes('side-band-64k')));
  }

  /** Whether the credentials would be let in to push; changes nothing. Also tells where the refs are. */
  async checkPush(signal?: AbortSignal): Promise<void> {
    this.#receive = await this.#discoverReceive(signal);
    // Like `git push` with nothing to push: the post alone shows whether writing is allowed, an empty one does nothing.
    await this.#request('git-receive-pack', flushPacket, 0, signal);
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  async #discover(signal: AbortSignal | undefined): Promise<Discovery> {
    this.#upload ??= this.#advertisement('git-upload-pack', signal);
    try {
      return await this.#upload;
    } catch (error) {
      this.#upload = undefined;
      throw error;
    }
  }

  async #discoverReceive(signal: AbortSignal | undefined): Promise<ReadonlyMap<string, string>> {
    return (await this.#advertisement('git-receive-pack', signal)).capabilities;
  }

  async #advertisement(service: GitService, signal: AbortSignal | undefined): Promise<Discovery> {
    const said = await this.#transport.advertisement(service, signal);
    return this.#parse('info/refs', () => readAdvertisement(said));
  }

  async #command(command: string, args: readonly string[], signal: AbortSignal | undefined): Promise<Buffer> {
    // Only what was offered: older servers refuse a word that they do not know.
    const { capabilities } = await this.#discover(signal);
    const offered = [`agent=${agent}`, 'object-format=sha1'].filter((word) => capabilities.has(word.split('=')[0]!));
    const lines = [`command=${command}\n`, ...offered];
    const body = Buffer.concat([...lines.map(packet), delimiterPacket, ...args.map((arg) => packet(`${arg}\n`)), flushPacket]);
    return this.#request('git-upload-pack', body, 2, signal, command === 'ls-refs');
  }

  async #request(service: GitService, body: Buffer, version: 2 | 0, signal: AbortSignal | undefined, fresh = false): Promise<Buffer> {
    try {
      return await this.#transport.request(service, body, { version, fresh, signal });
    } catch (error) {
      // The server may be another one by now: find out anew what it can do.
      this.#upload = undefined;
      throw error;
    }
  }

  #parse<T>(what: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof GitRemoteError) throw new GitRemoteError(error.reason, `${what} at ${this.url}: ${error.message}`, { cause: error });
      throw new GitRemoteError('protocol', `${what} at ${this.url}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Below this a difference saves nothing worth having. */
const deltaFromBytes = 256;

function packInput(object: PushObject, thin: boolean): PackInput {
  const { id, type, data, base } = object;
  if (!thin || !base || data.length < deltaFromBytes) return { id, type, data };
  const delta = encodeDelta(base.data, data);
  return delta.length < data.length / 2 ? { id, base: base.id, delta } : { id, type, data };
}
