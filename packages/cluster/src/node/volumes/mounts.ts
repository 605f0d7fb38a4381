import { mkdirSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import type { Container } from '../../objects/types.ts';
import { ContainerConfigError } from '../errors.ts';
import { expandVariables } from '../expand-variables.ts';

export interface ContainerMounts {
  /** Mount path -> path on this machine. */
  readonly paths: ReadonlyMap<string, string>;
  /** Mount paths that the container may not write to. */
  readonly readOnly: ReadonlySet<string>;
}

/** Where the volumes of the pod appear in a container. */
export function containerMounts(container: Container, volumes: ReadonlyMap<string, string>, env: Readonly<Record<string, string>>): ContainerMounts {
  const paths = new Map<string, string>();
  const readOnly = new Set<string>();
  for (const mount of container.volumeMounts ?? []) {
    const root = volumes.get(mount.name);
    // Only a token that programs, which act as their account anyway, have no use for (the API checks the names).
    if (root === undefined) continue;
    const mountPath = mount.mountPath.length > 1 ? mount.mountPath.replace(/\/+$/, '') : mount.mountPath;
    if (!isAbsolute(mountPath)) throw new ContainerConfigError(`mount path ${JSON.stringify(mount.mountPath)} is not absolute`);
    paths.set(mountPath, below(root, mount.subPathExpr ? expandVariables(mount.subPathExpr, env) : (mount.subPath ?? '')));
    if (mount.readOnly) readOnly.add(mountPath);
  }
  return { paths, readOnly };
}

function below(root: string, subPath: string): string {
  if (subPath === '') return root;
  const path = normalize(subPath);
  if (isAbsolute(path) || path.split('/').includes('..')) throw new ContainerConfigError(`subPath ${JSON.stringify(subPath)} leads out of the volume`);
  const target = join(root, path);
  try {
    mkdirSync(target, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // A file of the volume.
  }
  return target;
}
