/**
 * The embedded Kubernetes API server. Verbs, registry and HTTP stay inside: what others need is to start it, to hook into
 * it, and to reach it in process.
 */
export { startApiServer, type ApiServer, type ApiServerOptions } from './server.ts';
export type { InProcessTransport, TransportRequest } from './transport.ts';
export type { AccessAttributes, AccessDecision, Authenticator, Authorizer, TlsPeer, UserInfo } from './request.ts';
export type { AdmissionHook, AdmissionRequest } from './admission/hook.ts';
export type { PodLogRequest, PodLogs, TokenIssuer, TokenRequest } from './hooks.ts';
export type { ListenOptions } from './http/listen.ts';
export type { Log } from './core.ts';
export { openAuth, apiAudience, type Auth, type AuthOptions, type AuthQueries, type StaticToken } from './auth/index.ts';
export { openPki, PkiError, type ClientIdentity, type ClusterPki, type KeyPair, type PkiOptions, type ServiceAccountKey, type ServingCertificate } from './pki/index.ts';
export { Redacted } from './redacted.ts';
