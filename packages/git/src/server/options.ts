import type { RefUpdate } from './receive-pack.ts';

/** A repository that shall exist. */
export interface RepositorySpec {
  readonly owner: string;
  readonly name: string;
  /** `main` when absent. Counts only when the repository is made. */
  readonly defaultBranch?: string;
  /** Files of a first commit, for a repository that is still empty. Absent: it stays empty. */
  readonly initialFiles?: Readonly<Record<string, string>>;
}

export interface GitServerLimits {
  /** Of one request's body, inflated; beyond it 413. 100 MiB. */
  readonly maxRequestBytes: number;
  /** Objects in one pushed pack. 200,000. */
  readonly maxObjects: number;
  /** One pushed object, inflated. 100 MiB. */
  readonly maxObjectBytes: number;
  /** All objects of one pushed pack, inflated. 1 GiB. */
  readonly maxPackBytes: number;
  /** Git requests at work at once; beyond it 503. 64. */
  readonly maxConcurrent: number;
  /** Bodies held in memory at once, together. 256 MiB. */
  readonly maxHeldBytes: number;
  /** How long one request may take. 120,000. */
  readonly requestTimeoutMs: number;
  /** Streams of ref updates at once. 1,000. */
  readonly maxSubscribers: number;
}

export const defaultLimits: GitServerLimits = {
  maxRequestBytes: 100 * 1024 * 1024,
  maxObjects: 200_000,
  maxObjectBytes: 100 * 1024 * 1024,
  maxPackBytes: 1024 * 1024 * 1024,
  maxConcurrent: 64,
  maxHeldBytes: 256 * 1024 * 1024,
  requestTimeoutMs: 120_000,
  maxSubscribers: 1000,
};

export interface GitServerOptions {
  /** Folder that holds `OWNER/NAME.git`. One server per folder. Made, readable by its owner alone, if it is missing. */
  readonly dataDir: string;
  /** `127.0.0.1` when absent. */
  readonly host?: string;
  /** 0 (any free one) when absent. */
  readonly port?: number;
  /** PEM. Absent: plain HTTP alone. Present: both, on the same port. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Who may push (and read, where reading is not for everybody). */
  readonly credentials: readonly { readonly username: string; readonly password: string }[];
  /** Who reads without credentials: clients on this machine (the default), everybody, nobody. */
  readonly anonymousRead?: 'loopback' | 'always' | 'never';
  /** Repositories to have from the start. */
  readonly repositories?: readonly RepositorySpec[];
  readonly limits?: Partial<GitServerLimits>;
  /** Packs that small pushes may leave before they are joined in the background. 50 when absent. */
  readonly consolidateAfterPacks?: number;
  /** What pages give as the address to clone from; from the request's Host when absent. */
  readonly publicUrl?: string;
  readonly log?: (entry: { readonly level: 'info' | 'warn' | 'error'; readonly message: string; readonly err?: unknown; readonly repository?: string }) => void;
}

/** A ref that moved, and where. */
export interface RepositoryRefUpdate extends RefUpdate {
  readonly owner: string;
  readonly name: string;
}
