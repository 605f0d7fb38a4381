/**
 * Git without opinions: formats, repositories on disk, a client and a server. Kept inside: how packs are searched and joined,
 * how pages are drawn.
 */
export * from './errors.ts';
export { emptyTreeId, hashObject, isObjectId, zeroId, type GitObject, type ObjectId, type ObjectType } from './objects/object.ts';
export { decodeTree, encodeTree, type TreeEntry, type TreeMode } from './objects/tree.ts';
export { IndexedTree } from './objects/indexed-tree.ts';
export { diffTrees, type TreeChange } from './objects/tree-diff.ts';
export { buildTree } from './objects/build-tree.ts';
export { decodeCommit, decodeTag, encodeCommit, encodeTag, signature, type Commit, type Signature, type Tag } from './objects/commit.ts';
export { applyDelta, encodeDelta } from './pack/delta.ts';
export { writePack, type PackInput } from './pack/pack-writer.ts';
export { parsePack, type PackLimits, type ParsedPack } from './pack/pack-reader.ts';
export { encodePackIndex, PackIndex } from './pack/pack-index.ts';
export { Repository } from './repository/repository.ts';
export { RefStore, type RefUpdateRequest, type RefUpdateResult } from './repository/ref-store.ts';
export { ObjectDatabase } from './repository/object-database.ts';
export { isBranchName, isRefName } from './repository/ref-name.ts';
export { history } from './repository/history.ts';
export { consolidate, isConsolidationDue } from './repository/consolidate.ts';
export { startGitServer, type GitServer } from './server/server.ts';
export type { GitServerLimits, GitServerOptions, RepositoryRefUpdate, RepositorySpec } from './server/options.ts';
export type { RefUpdate } from './server/receive-pack.ts';
export { GitRemote } from './client/remote.ts';
export type { FetchOptions, FetchResult, PushObject, PushOptions, PushOutcome, RemoteRef } from './client/remote-types.ts';
export type { Credentials, CredentialSource, RemoteOptions } from './client/http-client.ts';
export { isSshUrl, parseSshUrl, type SshAddress } from './client/ssh-address.ts';
export type { SshOptions } from './client/ssh-process.ts';
export type { GitExchange, TraceExchange } from './client/traced-transport.ts';
export { subscribeRefUpdates, type SubscribeOptions } from './client/subscribe.ts';
