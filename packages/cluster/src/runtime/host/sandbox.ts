import { execFile } from 'node:child_process';
import { getuid } from 'node:process';
import { dropPrivileges, hasOwnUser } from './step-user.ts';

/** How commands of this machine get the container's volumes at their paths. */
export type Sandbox =
  | { readonly type: 'bwrap' }
  | { readonly type: 'unshare' }
  | { readonly type: 'none'; readonly why: string };

let found: Promise<Sandbox> | undefined;

/** Tries what this machine allows, once: bubblewrap, else `unshare` with bind mounts. */
export function findSandbox(): Promise<Sandbox> {
  return (found ??= detect());
}

async function detect(): Promise<Sandbox> {
  if (process.platform !== 'linux') return { type: 'none', why: `commands of this machine can be containers on Linux only, and this is ${process.platform}` };
  const [setpriv, ...less] = dropPrivileges('bwrap', undefined);
  const lesser = await works(setpriv, [...less, 'true']);
  if (lesser !== undefined) return { type: 'none', why: `setpriv cannot give up rights for commands of this machine: ${lesser}; install the package util-linux` };
  // With all that is asked of it later: older ones do not know `--size`, and containers may lack the right to change the user.
  const capabilities = hasOwnUser() ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP'] : [];
  const bwrap = await works('bwrap', ['--cap-drop', 'ALL', ...capabilities, '--ro-bind', '/', '/', '--unshare-pid', '--as-pid-1', '--unshare-ipc', '--unshare-uts', '--proc', '/proc', '--dev', '/dev', '--perms', '1777', '--size', '4096', '--tmpfs', '/dev/shm', '--', ...dropPrivileges('bwrap', undefined), 'true']);
  if (bwrap === undefined) return { type: 'bwrap' };
  const [command, ...flags] = unshareCommand();
  const unshare = await works(command, [...flags, '--', 'sh', '-c', `mount -t tmpfs tmpfs /mnt && exec ${dropPrivileges('unshare', undefined).join(' ')} true`]);
  if (unshare === undefined) return { type: 'unshare' };
  return {
    type: 'none',
    why: `neither bubblewrap nor unshare can make a mount namespace on this machine (bwrap: ${bwrap}; unshare: ${unshare}); install the package bubblewrap, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)`,
  };
}

function works(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 5000, env: BUILD_ENV }, (error, _stdout, stderr) => {
      if (!error) resolve(undefined);
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT') resolve('not installed');
      else resolve(stderr.trim().split('\n').at(-1) || error.message);
    });
  });
}

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment in which sandboxes are built: neither this process's nor the container's
 * has a say in that, nor what an image or a volume puts into `/usr/local`.
 */
export const BUILD_ENV: Readonly<Record<string, string>> = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

/** `setpriv`, of the same package, sees to it that nothing outlives this process, whatever ends it. */
export const unshareCommand = (): readonly [string, ...string[]] => [
  'setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child=SIGKILL', '--mount-proc', ...(getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
];
