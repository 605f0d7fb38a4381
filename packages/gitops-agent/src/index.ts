/**
 * The other end of a state store: Flux' GitRepository, Bucket and Kustomization for clusters without Flux. Kept inside: how
 * sources are fetched and kept, how manifests are built, applied and pruned.
 */
export { startGitOpsAgent, type GitOpsAgentOptions } from './start-agent.ts';
export { gitopsManifests } from './manifests.ts';
export type { GitAddress, OpenRemote, RefUpdate, RemoteRepository } from './source/git-remotes.ts';
export type { BucketAddress, ListedObject, OpenBucket, RemoteBucket } from './source/bucket/bucket-remotes.ts';
export { startDestinationReporter, type DestinationReporterOptions } from './report/start-destination-reporter.ts';
export { reporterManifests } from './report/manifests.ts';
