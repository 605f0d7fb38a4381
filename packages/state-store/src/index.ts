/** The layout of a state store and its writers. Kept inside: the tree in memory and how commits are built from it. */
export * from './errors.ts';
export * from './writer.ts';
export * from './layout.ts';
export { decodeWorkload, encodeWorkload, type DecodeLimits, type EncodedWorkload } from './workload.ts';
export { checkPath, joinPath } from './path.ts';
export { isSshUrl } from '@plinth/git';
export { shortId } from './short-id.ts';
export { canaries } from './canary.ts';
export { GitStateStore } from './git/git-state-store.ts';
export type { GitExchange } from '@plinth/git';
export type { GitStateStoreOptions } from './git/options.ts';
export { gitHubAppCredentials, type GitHubAppOptions } from './git/github-app.ts';
