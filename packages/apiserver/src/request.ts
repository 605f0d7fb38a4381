import type { IncomingHttpHeaders } from 'node:http';

/** Who makes a request. Plain data, so that it can be logged and compared. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What TLS knows of the other end. */
export interface TlsPeer {
  /** DER of the client's certificate, present only when it was verified against the server's client CA. */
  readonly certificate?: Uint8Array;
  readonly remoteAddress?: string;
}

/**
 * Says who sent these headers. `undefined`: no credential, or none that is known; the request ends with 401. An
 * authenticator that admits anonymous callers returns `system:anonymous`.
 */
export type Authenticator = (
  headers: IncomingHttpHeaders,
  peer: TlsPeer,
) => UserInfo | undefined | Promise<UserInfo | undefined>;

/** What somebody wants to do, in RBAC's words. */
export interface AccessAttributes {
  readonly user: UserInfo;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for paths the lower-case method. */
  readonly verb: string;
  /** Absent for requests to a path that is no resource, such as `/version`. */
  readonly resource?: {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly path: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason?: string;
}

export type Authorizer = (attributes: AccessAttributes) => AccessDecision | Promise<AccessDecision>;

/** A request after transport and authentication: values, no bytes. */
export interface ApiRequest {
  readonly method: string;
  /** Decoded, without the query: `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly accept?: string;
  readonly contentType?: string;
  readonly userAgent?: string;
  /** The parsed body; called only by verbs that have one, after the request is known to be allowed. */
  readonly body: () => Promise<unknown>;
  readonly signal: AbortSignal;
}
