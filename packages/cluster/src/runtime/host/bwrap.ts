import { readdirSync } from 'node:fs';
import type { Layer } from './view.ts';
import { ENV_FD, ENV_FILE } from './setup-script.ts';
import { TMPFS_BYTES } from './limits.ts';
import { hasOwnUser } from './step-user.ts';

/** The arguments of `bwrap` around a command. */
export function bwrapArguments(layers: readonly Layer[], hostname: string, command: readonly string[]): readonly string[] {
  const args = ['--unshare-pid', '--as-pid-1', '--unshare-ipc', '--unshare-uts', '--hostname', hostname, '--die-with-parent', '--new-session', '--cap-drop', 'ALL'];
  // What `setpriv` needs to become another user and to give up the rest.
  if (hasOwnUser()) for (const capability of ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP']) args.push('--cap-add', capability);
  args.push('--json-status-fd', String(STATUS_FD));
  for (const layer of layers) args.push(...argumentsOf(layer));
  return [...args, '--perms', '0444', '--file', String(ENV_FD), ENV_FILE, '--chdir', '/', '--', ...command];
}

/** Where it tells the process id of the command. */
export const STATUS_FD = 3;

function argumentsOf(layer: Layer): readonly string[] {
  switch (layer.type) {
    case 'tmpfs':
      return ['--perms', layer.mode, '--size', String(TMPFS_BYTES), '--tmpfs', layer.path];
    case 'directory':
      return ['--perms', '0755', '--dir', layer.path];
    case 'bind':
      return [layer.readOnly ? '--ro-bind' : '--bind', layer.source, layer.path];
    case 'symlink':
      return ['--symlink', layer.to, layer.path];
    case 'links': {
      const names = readdirSync(layer.source).filter((name) => !layer.except.includes(name));
      if (names.length > MAX_LINKS) throw new Error(`the image or a volume adds to ${layer.path}, which holds ${names.length} entries on this machine, more than bubblewrap takes; put it elsewhere, such as into /usr/local, or run the image on a container engine`);
      return names.flatMap((name) => ['--symlink', `${layer.through}/${name}`, `${layer.path}/${name}`]);
    }
    case 'dev':
      return ['--dev', '/dev', '--perms', '1777', '--size', String(TMPFS_BYTES), '--tmpfs', '/dev/shm'];
    case 'proc':
      return ['--proc', '/proc'];
    default:
      return layer satisfies never;
  }
}

/** bubblewrap takes 9,000 arguments, of which a link is three. */
const MAX_LINKS = 2800;
