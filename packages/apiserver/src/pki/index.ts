export { openPki, type ClientIdentity, type ClusterPki, type PkiOptions, type ServiceAccountKey, type ServingCertificate } from './open-pki.ts';
export type { KeyPair } from './issue.ts';
export { PkiError } from './pki-error.ts';
