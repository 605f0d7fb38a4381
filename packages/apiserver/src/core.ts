import type { ApiError, UnstructuredObject } from '@plinth/apimachinery';
import type { ObjectStore } from '@plinth/object-store';
import type { AdmissionHook } from './admission/hook.ts';
import type { Metrics } from './metrics.ts';
import type { Served } from './registry/served.ts';
import type { Registry } from './registry/registry.ts';
import type { AuthQueries } from './auth/index.ts';
import type { Authenticator, Authorizer, UserInfo } from './request.ts';
import type { TokenIssuer, PodLogs } from './hooks.ts';

/** What every verb works with; one per server. */
export interface Core {
  readonly name: string;
  readonly store: ObjectStore;
  readonly registry: Registry;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator | undefined;
  readonly admission: readonly AdmissionHook[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly issueToken: TokenIssuer | undefined;
  readonly authQueries: AuthQueries | undefined;
  /** The stored Namespace, if there is one. */
  readonly namespace: (name: string) => UnstructuredObject | undefined;
  readonly namespaceMissing: (name: string) => ApiError;
  /** A patch that creates needs the right to create as well. Throws Forbidden. */
  readonly checkCreate: (target: { readonly served: Served; readonly namespace: string | undefined; readonly name: string }, context: RequestContext) => Promise<void>;
  readonly metrics: Metrics;
  /** What others of the process have to say under `/metrics`, in the Prometheus text format. */
  moreMetrics: (() => Promise<string>) | undefined;
  podLogs: PodLogs | undefined;
  /** Aborted when the server stops: ends watches and followed logs. */
  readonly signal: AbortSignal;
}

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What one request carries along besides its target. */
export interface RequestContext {
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
  /** Messages for `Warning` headers, in order, each once. */
  readonly warnings: Set<string>;
}
