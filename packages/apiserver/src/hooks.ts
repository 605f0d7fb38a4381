import type { UnstructuredObject } from '@plinth/apimachinery';
import type { UserInfo } from './request.ts';

export interface PodLogRequest {
  readonly pod: UnstructuredObject;
  readonly container: string;
  readonly follow: boolean;
  /** Of the container's run before the current one. */
  readonly previous: boolean;
  /** Each line begins with its RFC 3339 time and a space. */
  readonly timestamps: boolean;
  readonly tailLines?: number;
  /** Only lines written at or after this time. */
  readonly since?: Date;
  /** Aborted when the caller has gone, and when the server stops. */
  readonly signal: AbortSignal;
}

/**
 * Yields the log of a container as it was written, with line ends; ends at the end of the log, or with `follow` when the
 * container has ended. Throw an `ApiError` to refuse.
 */
export type PodLogs = (request: PodLogRequest) => AsyncIterable<string | Uint8Array>;

export interface TokenRequest {
  readonly serviceAccount: UnstructuredObject;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** The object whose deletion ends the token. */
  readonly boundObject?: { readonly kind: string; readonly apiVersion: string; readonly name: string; readonly uid?: string };
  readonly user: UserInfo;
}

/** Makes a token for a ServiceAccount: `serviceaccounts/token`. */
export type TokenIssuer = (request: TokenRequest) => Promise<{ readonly token: string; readonly expirationTimestamp: string }>;
