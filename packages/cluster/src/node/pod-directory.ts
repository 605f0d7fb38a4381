import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Where the node agent keeps what belongs to pods:
 *
 * - `pods/<uid>/volumes/<name>`: volumes that live and die with the pod,
 * - `pods/<uid>/state/<container>`: the private directories of programs,
 * - `pods/<uid>/logs/`, `pods/<uid>/pod.log`: what containers printed, the latter in pods that run to their end,
 * - `volumes/pvc-<uid of the claim>`: volumes that outlive pods.
 *
 * The directories above a volume can be passed through by every user of the machine but not listed, so that a server
 * that runs as an unprivileged user reaches its own data and nothing else.
 */
export interface NodeDirectories {
  readonly pods: string;
  readonly volumes: string;
}

export function ensureNodeDirectories(dataDir: string): NodeDirectories {
  const directories = { pods: join(dataDir, 'pods'), volumes: join(dataDir, 'volumes') };
  for (const path of Object.values(directories)) mkdirSync(path, { recursive: true, mode: 0o711 });
  return directories;
}

export interface PodDirectory {
  readonly root: string;
  /** The folder of all of them. */
  readonly volumes: string;
  readonly volume: (name: string) => string;
  /** Created on demand. */
  readonly state: (container: string) => string;
}

export function podDirectory(directories: NodeDirectories, uid: string): PodDirectory {
  const root = join(directories.pods, uid);
  const volumes = join(root, 'volumes');
  return {
    root,
    volumes,
    volume: (name) => join(volumes, name),
    state: (container) => {
      const path = join(root, 'state', container);
      mkdirSync(path, { recursive: true, mode: 0o711 });
      return path;
    },
  };
}

/** The name of the volume of a claim, and of its PersistentVolume. */
export const volumeOfClaim = (claimUid: string): string => `pvc-${claimUid}`;

/** Shared memory for `emptyDir` of medium Memory. Undefined where the machine has none: a directory on disk serves then. */
export const memoryDirectory = (uid: string, volume: string): string => join(SHM, `${SHM_PREFIX}${uid}-${volume}`);
export const SHM = '/dev/shm';
const SHM_PREFIX = 'plinth-';

/** Removes everything of a pod but what it kept in claims. */
export async function removePodDirectory(directories: NodeDirectories, uid: string): Promise<void> {
  await rm(join(directories.pods, uid), { recursive: true, force: true, maxRetries: 3 });
  removeMemory((name) => name.startsWith(`${SHM_PREFIX}${uid}-`));
}


function removeMemory(matches: (name: string) => boolean): void {
  let names: readonly string[] = [];
  try {
    names = readdirSync(SHM);
  } catch {
    return; // Not every machine has it.
  }
  for (const name of names) if (matches(name)) rmSync(join(SHM, name), { recursive: true, force: true });
}
