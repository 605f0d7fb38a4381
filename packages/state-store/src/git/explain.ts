import { GitRemoteError } from '@plinth/git';
import { StateStoreError } from '../errors.ts';
import type { StateStoreReason } from '../errors.ts';

/** Whatever went wrong with a repository, as a state store's error. `what`: what was tried. */
export function explain(what: string, error: unknown): StateStoreError {
  if (error instanceof StateStoreError) return new StateStoreError(error.reason, `${what}: ${error.message}`, { cause: error, ...(error.hint ? { hint: error.hint } : {}) });
  if (!(error instanceof GitRemoteError)) return new StateStoreError('failed', `${what}: ${(error as Error).message}`, { cause: error });
  const hint = hints[error.reason];
  return new StateStoreError(reasons[error.reason], `${what}: ${error.message}`, { cause: error, ...(hint ? { hint } : {}) });
}

const reasons: Readonly<Record<GitRemoteError['reason'], StateStoreReason>> = {
  unreachable: 'unreachable',
  timeout: 'unreachable',
  unauthorized: 'unauthorized',
  'not-found': 'not-found',
  rejected: 'rejected',
  'too-large': 'failed',
  protocol: 'failed',
  aborted: 'aborted',
};

const hints: Readonly<Partial<Record<GitRemoteError['reason'], string>>> = {
  unreachable: 'check the URL and that the git server is running',
  timeout: 'check that the git server is not overloaded',
  unauthorized: 'check the credentials in the Secret (with SSH, knownHosts too), and that they may push',
  'not-found': 'create the repository, or correct the URL',
};
