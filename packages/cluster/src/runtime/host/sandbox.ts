import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { getuid } from 'node:process';

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
  const bwrap = await works('bwrap', ['--ro-bind', '/', '/', '--unshare-pid', '--proc', '/proc', '--dev', '/dev', '--', 'true']);
  if (bwrap === undefined) return { type: 'bwrap' };
  const [command, ...flags] = unshareCommand();
  const unshare = await works(command, [...flags, '--', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']);
  if (unshare === undefined) return { type: 'unshare' };
  return {
    type: 'none',
    why: `neither bubblewrap nor unshare can make a mount namespace on this machine (bwrap: ${bwrap}; unshare: ${unshare}); install the package bubblewrap, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)`,
  };
}

function works(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 5000, env: { PATH: process.env['PATH'] ?? SYSTEM_PATH } }, (error, _stdout, stderr) => {
      if (!error) resolve(undefined);
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT') resolve('not installed');
      else resolve(stderr.trim().split('\n').at(-1) || error.message);
    });
  });
}

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `setpriv`, of the same package, sees to it that nothing outlives this process, whatever ends it. */
const unshareCommand = (): readonly [string, ...string[]] => [
  'setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', ...(getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
];

/** What of this machine a command sees besides its volumes, read-only. */
const SYSTEM_DIRECTORIES = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt', '/nix', '/run/systemd/resolve'];

export interface SandboxOptions {
  readonly mounts: ReadonlyMap<string, string>;
  readonly readOnlyMounts: ReadonlySet<string>;
  readonly hostname: string;
  readonly workingDir: string | undefined;
  /** Further directories of this machine, seen at their own paths, read-only: tools. */
  readonly toolDirectories: readonly string[];
  readonly command: readonly string[];
}

/** The arguments of `bwrap`. `statusFd`: where it tells the process id of the command. */
export function bwrapArguments(options: SandboxOptions, statusFd: number | undefined): readonly string[] {
  const args = ['--unshare-pid', '--as-pid-1', '--unshare-ipc', '--unshare-uts', '--hostname', options.hostname, '--die-with-parent', '--new-session', '--cap-drop', 'ALL'];
  if (statusFd !== undefined) args.push('--json-status-fd', String(statusFd));
  args.push('--tmpfs', '/');
  for (const path of SYSTEM_DIRECTORIES) {
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) args.push('--symlink', readlinkSync(path), path);
    else args.push('--ro-bind', path, path);
  }
  for (const path of options.toolDirectories) args.push('--ro-bind', path, path);
  args.push('--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', '--dir', '/root', '--dir', '/var/tmp');
  for (const [mountPath, path] of inOrder(options.mounts)) args.push(options.readOnlyMounts.has(mountPath) ? '--ro-bind' : '--bind', path, mountPath);
  args.push('--chdir', options.workingDir ?? '/', '--', ...options.command);
  return args;
}

/** The command around `unshare`: a shell that builds the same tree of mounts and changes its root to it. */
export function unshareInto(options: SandboxOptions): readonly [string, ...string[]] {
  const lines = ['set -e', 'R=$(mktemp -d)', 'mount -t tmpfs -o mode=755 tmpfs "$R"'];
  const bind = (source: string, target: string, readOnly: boolean): void => {
    lines.push(
      `if [ -d ${quote(source)} ]; then mkdir -p "$R"${quote(target)}; else mkdir -p "$(dirname "$R"${quote(target)})"; touch "$R"${quote(target)}; fi`,
      `mount --rbind ${quote(source)} "$R"${quote(target)}`,
      ...(readOnly ? [`mount -o remount,bind,ro "$R"${quote(target)} 2>/dev/null || true`] : []),
    );
  };
  for (const path of SYSTEM_DIRECTORIES) {
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) lines.push(`ln -s ${quote(readlinkSync(path))} "$R"${quote(path)}`);
    else bind(path, path, true);
  }
  for (const path of options.toolDirectories) bind(path, path, true);
  bind('/dev', '/dev', false);
  lines.push('mkdir -p "$R/proc" "$R/tmp" "$R/root" "$R/var/tmp"', 'mount --rbind /proc "$R/proc"', 'chmod 1777 "$R/tmp"');
  for (const [mountPath, path] of inOrder(options.mounts)) bind(path, mountPath, options.readOnlyMounts.has(mountPath));
  lines.push(`exec chroot "$R" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh ${quote(options.workingDir ?? '/')} "$@"`);
  return [...unshareCommand(), '--', 'sh', '-c', lines.join('\n'), 'sh', ...options.command];
}

/** Outer mounts before those inside of them. */
const inOrder = (mounts: ReadonlyMap<string, string>): readonly (readonly [string, string])[] =>
  [...mounts].toSorted(([left], [right]) => left.split('/').length - right.split('/').length || (left < right ? -1 : 1));

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
