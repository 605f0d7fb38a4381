import { getuid } from 'node:process';

/** Who a command runs as when the container does not say it. */
export interface StepUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Nobody's number: no file and no process of a common machine belongs to it. (Not `nobody`, who serves others as well,
 * PostgreSQL servers among them.)
 */
export const STEP_USER: StepUser = { uid: 65_532, gid: 65_532 };

/** Whether commands get a user of their own. An ordinary user has no other to give. */
export const hasOwnUser = (): boolean => getuid?.() === 0;

/**
 * The command that gives up what rights there are, for good, before it runs the rest of its arguments: no capability, no
 * way to get one (a set-user-ID program runs as anybody's), and for root another user. Death follows the parent's: the
 * kernel forgets that at a change of user, so it is said again.
 */
export function dropPrivileges(sandbox: 'bwrap' | 'unshare', user: StepUser | undefined): readonly [string, ...string[]] {
  const { uid, gid } = user ?? STEP_USER;
  const change = hasOwnUser() ? ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'] : [];
  // bubblewrap gives an ordinary user's command none; in a namespace by `unshare` it is root there.
  const capabilities = hasOwnUser() || sandbox === 'unshare' ? ['--bounding-set=-all', '--inh-caps=-all'] : [];
  return ['setpriv', ...change, ...capabilities, '--no-new-privs', '--pdeathsig', 'KILL', '--'];
}

interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
}

/** The container's wish, the pod's, or our own number. Root is given to nobody: who asks for it gets our own number. */
export function stepUser(container: SecurityContext | undefined, pod: SecurityContext | undefined): StepUser {
  const uid = container?.runAsUser ?? pod?.runAsUser;
  const gid = container?.runAsGroup ?? pod?.runAsGroup;
  return { uid: uid || STEP_USER.uid, gid: gid || STEP_USER.gid };
}
