import { existsSync } from 'node:fs';
import { TMPFS_BYTES } from './limits.ts';
import { unshareCommand } from './sandbox.ts';
import { ENV_FD, ENV_FILE } from './setup-script.ts';
import { shellQuote } from './shell-quote.ts';
import type { Layer } from './view.ts';

/** The command around `unshare`: a shell that builds the same tree of mounts and changes its root to it. */
export function unshareInto(layers: readonly Layer[], hostname: string, command: readonly string[]): readonly [string, ...string[]] {
  const root = placeFor(layers);
  const lines = ['set -e', `R=${shellQuote(root)}`, `hostname ${shellQuote(hostname)} 2>/dev/null || true`, ...layers.flatMap(linesOf), `cat <&${ENV_FD} > ${at(ENV_FILE)}`, 'exec chroot "$R" "$@"'];
  return [...unshareCommand(), '--', 'sh', '-c', lines.join('\n'), 'sh', ...command];
}

function linesOf(layer: Layer): readonly string[] {
  switch (layer.type) {
    case 'tmpfs':
      return [`mkdir -p ${at(layer.path)}`, `mount -t tmpfs -o mode=${layer.mode},size=${TMPFS_BYTES} tmpfs ${at(layer.path)}`];
    case 'bind':
      return bind(layer.source, layer.path, layer.readOnly);
    case 'directory':
      return [`mkdir -p ${at(layer.path)}`];
    case 'symlink':
      return [`mkdir -p "$(dirname ${at(layer.path)})"`, `ln -s ${shellQuote(layer.to)} ${at(layer.path)}`];
    case 'links':
      return [
        `for E in ${shellQuote(layer.source)}/* ${shellQuote(layer.source)}/.[!.]*; do N="\${E##*/}"; case "$N" in '*'|'.[!.]*'${layer.except.map((name) => `|${shellQuote(name)}`).join('')}) ;; *) ln -s ${shellQuote(layer.through)}/"$N" ${at(layer.path)}/"$N" ;; esac; done`,
      ];
    case 'dev':
      // Shared memory is where volumes of other pods are.
      return [...bind('/dev', '/dev', false), ...(existsSync('/dev/shm') ? [`mount -t tmpfs -o mode=1777,size=${TMPFS_BYTES} tmpfs ${at('/dev/shm')}`] : []), ...(existsSync('/dev/mqueue') ? [`mount -t tmpfs -o mode=1777,size=1m tmpfs ${at('/dev/mqueue')}`] : [])];
    case 'proc':
      return bind('/proc', '/proc', false);
    default:
      return layer satisfies never;
  }
}

function bind(source: string, path: string, readOnly: boolean): readonly string[] {
  const [from, to] = [shellQuote(source), at(path)];
  return [
    `if [ -d ${from} ]; then [ -d ${to} ] || mkdir -p ${to}; else mkdir -p "$(dirname ${to})"; [ -e ${to} ] || touch ${to}; fi`,
    `mount --rbind ${from} ${to}`,
    // In a namespace of an ordinary user a mount keeps the flags that it has, and they must be said again.
    ...(readOnly ? [`mount -o remount,bind,ro ${to} 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev ${to}`] : []),
  ];
}

const at = (path: string): string => (path === '/' ? '"$R"' : `"$R"${shellQuote(path)}`);

/** A directory of every machine that is covered in this namespace only, and that nothing is taken from. */
function placeFor(layers: readonly Layer[]): string {
  const sources = layers.flatMap((layer) => (layer.type === 'bind' ? [layer.source] : []));
  const free = ['/mnt', '/media', '/srv', '/home'].find((path) => existsSync(path) && !sources.some((source) => source.startsWith(`${path}/`)));
  if (!free) throw new Error('cannot build the file system of a command: none of /mnt, /media, /srv, /home is free to be covered');
  return free;
}
