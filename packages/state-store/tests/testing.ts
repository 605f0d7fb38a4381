/** What tests of other rooms borrow: real stores on loopback, which can be made to fail. */
export { credentials, fsck, git, hasSshd, selfSigned, startHttpBackend, startOverSsh, startWorld } from '@plinth/git/testing';
export { startGitHubLike, type GitHubLike } from './github-like.ts';
export { startS3Server, type S3Server } from '@plinth/testing';
export { startGitServer } from '@plinth/git';
