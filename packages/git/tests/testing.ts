/** What tests of other rooms borrow: a server on a folder of its own, stock git, and git's own HTTP server. */
export * from './helpers.ts';
export { startHttpBackend } from './http-backend.ts';
export { hasSshd, startOverSsh, type SshServer } from './ssh-server.ts';
export { selfSigned } from './certificate.ts';
