/** The two programs of a git server. */
export type GitService = 'git-upload-pack' | 'git-receive-pack';

export interface TransportRequest {
  /** The protocol that the service announced. */
  readonly version: 2 | 0;
  /** The answer is to be of now: a process that has looked at the refs before may not give it. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How requests reach a git server, and answers come back. Rejects with a `GitRemoteError` alone. */
export interface Transport extends Disposable {
  /** The address, without credentials. */
  readonly url: string;
  /** What a service says before it is asked anything, in packets: version, capabilities, and in version 0 the refs. */
  advertisement(service: GitService, signal?: AbortSignal): Promise<Buffer>;
  /** One request and its whole answer. */
  request(service: GitService, body: Buffer, options: TransportRequest): Promise<Buffer>;
}
