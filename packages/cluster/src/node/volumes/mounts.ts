import { lstatSync, mkdirSync } from 'node:fs';
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
    if (!isAbsolute(mount.mountPath)) throw new ContainerConfigError(`mount path ${JSON.stringify(mount.mountPath)} is not absolute`);
    const normal = normalize(mount.mountPath);
    const mountPath = normal.length > 1 ? normal.replace(/\/+$/, '') : normal;
    paths.set(mountPath, below(root, mount.subPathExpr ? expandVariables(mount.subPathExpr, env) : (mount.subPath ?? '')));
    if (mount.readOnly) readOnly.add(mountPath);
  }
  checkNested(paths);
  return { paths, readOnly };
}

/**
 * The place in a volume that a `subPath` names, made when it is not there. A container may have put a link in its way, which
 * would lead to what is not the volume's: links are refused.
 */
function below(root: string, subPath: string): string {
  if (subPath === '') return root;
  const path = normalize(subPath);
  if (isAbsolute(path) || path.split('/').includes('..')) throw new ContainerConfigError(`subPath ${JSON.stringify(subPath)} leads out of the volume`);
  if (leadsOverLink(root, path)) throw new ContainerConfigError(`subPath ${JSON.stringify(subPath)} leads over a symbolic link`);
  const target = join(root, path);
  try {
    mkdirSync(target, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // A file of the volume.
  }
  return target;
}

/** A mount inside of another must not be led elsewhere by a link in the outer one, which a container may have written to. */
function checkNested(paths: ReadonlyMap<string, string>): void {
  for (const inner of paths.keys()) {
    for (const [outer, source] of paths) {
      if (outer === inner || !inner.startsWith(`${outer}/`)) continue;
      if (leadsOverLink(source, inner.slice(outer.length + 1))) throw new ContainerConfigError(`mount path ${JSON.stringify(inner)} leads over a symbolic link in the volume at ${outer}`);
    }
  }
}

function leadsOverLink(root: string, path: string): boolean {
  let at = root;
  for (const part of path.split('/')) {
    at = join(at, part);
    const entry = lstatSync(at, { throwIfNoEntry: false });
    if (!entry) return false;
    if (entry.isSymbolicLink()) return true;
  }
  return false;
}
