import { GitRemoteError } from '../errors.ts';
import { HttpClient } from './http-client.ts';
import type { RemoteOptions } from './http-client.ts';
import type { GitService, Transport, TransportRequest } from './transport.ts';

/** Smart HTTP: each request is an exchange of its own, over connections that stay open. */
export class HttpTransport implements Transport {
  readonly #http: HttpClient;

  constructor(options: RemoteOptions) {
    this.#http = new HttpClient(options);
  }

  get url(): string {
    return this.#http.url;
  }

  async advertisement(service: GitService, signal?: AbortSignal): Promise<Buffer> {
    const reply = await this.#http.exchange(`/info/refs?service=${service}`, { headers: service === 'git-upload-pack' ? { 'git-protocol': 'version=2' } : {}, signal });
    if (reply.headers['content-type'] !== `application/x-${service}-advertisement`) {
      throw new GitRemoteError('protocol', `${this.url} is not a smart HTTP git repository: it answered with ${String(reply.headers['content-type'] ?? 'no content type').slice(0, 80)}`);
    }
    return reply.body;
  }

  async request(service: GitService, body: Buffer, { version, signal }: TransportRequest): Promise<Buffer> {
    const headers = { 'content-type': `application/x-${service}-request`, accept: `application/x-${service}-result`, ...(version === 2 ? { 'git-protocol': 'version=2' } : {}) };
    return (await this.#http.exchange(`/${service}`, { method: 'POST', body, headers, signal })).body;
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }
}
