import { configMaps, persistentVolumeClaims, secrets, type ConfigMap, type PersistentVolumeClaim, type Pod, type Secret } from '@plinth/api';
import type { Client } from '@plinth/client';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Volume } from '../../objects/types.ts';
import { fieldValue, resourceValue, type PodPlace } from '../downward.ts';
import { VolumeError } from '../errors.ts';
import { memoryDirectory, podDirectory, SHM, volumeOfClaim, type NodeDirectories } from '../pod-directory.ts';
import { volumeOwner } from './give-volumes.ts';
import { makeDirectory, writeFiles, type VolumeFile } from './write-files.ts';

export interface VolumeSources {
  readonly client: Client;
  readonly directories: NodeDirectories;
  readonly place: PodPlace;
  /** `hostPath` volumes are refused unless they lie below one of these. */
  readonly allowedHostPaths: readonly string[];
  /** Volumes that nobody would read are not made. */
  readonly isNeeded: (volume: Volume) => boolean;
  readonly token: (request: { readonly audience?: string; readonly expirationSeconds?: number }) => Promise<string>;
}

/**
 * Makes the volumes of a pod and says where each is. Doing it again brings those up to date that show objects of the API
 * (ConfigMaps, Secrets, fields, tokens) and leaves the others alone.
 *
 * Errors: `VolumeError` when something that a volume needs is missing or not allowed; others are worth another try.
 */
export async function prepareVolumes(pod: Pod, sources: VolumeSources): Promise<ReadonlyMap<string, string>> {
  const volumes = (pod.spec?.volumes ?? []).filter(sources.isNeeded);
  if (volumes.length > 0) await mkdir(podDirectory(sources.directories, pod.metadata.uid!).volumes, { recursive: true, mode: 0o755 });
  const paths = await Promise.all(
    volumes.map(async (volume) => {
      try {
        return [volume.name, await prepareVolume(pod, volume, sources)] as const;
      } catch (error) {
        const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`;
        throw error instanceof VolumeError ? new VolumeError(message, { cause: error }) : new Error(message, { cause: error });
      }
    }),
  );
  return new Map(paths);
}

/** Whether a volume shows objects of the API, so that a change of one of them must be carried over. */
export const isLive = (volume: Volume): boolean => Boolean(volume.configMap ?? volume.secret ?? volume.projected ?? volume.downwardAPI);

async function prepareVolume(pod: Pod, volume: Volume, sources: VolumeSources): Promise<string> {
  const path = podDirectory(sources.directories, pod.metadata.uid!).volume(volume.name);
  const { configMap, secret, downwardAPI, projected, persistentVolumeClaim, hostPath, emptyDir } = volume;
  if (emptyDir) return emptyDirectory(emptyDir.medium === 'Memory' && existsSync(SHM) ? memoryDirectory(pod.metadata.uid!, volume.name) : path);
  if (configMap) {
    await writeFiles(path, await configMapFiles(pod, configMap, sources), configMap.defaultMode ?? DEFAULT_MODE, volumeOwner(pod));
    return path;
  }
  if (secret) {
    await writeFiles(path, await secretFiles(pod, { ...secret, name: secret.secretName ?? '' }, sources), secret.defaultMode ?? DEFAULT_MODE, volumeOwner(pod));
    return path;
  }
  if (downwardAPI) {
    await writeFiles(path, downwardFiles(pod, downwardAPI.items ?? [], sources), downwardAPI.defaultMode ?? DEFAULT_MODE, volumeOwner(pod));
    return path;
  }
  if (projected) {
    const files = await Promise.all((projected.sources ?? []).map((source) => projectedFiles(pod, source, sources)));
    await writeFiles(path, files.flat(), projected.defaultMode ?? DEFAULT_MODE, volumeOwner(pod));
    return path;
  }
  if (persistentVolumeClaim) return claimDirectory(pod, persistentVolumeClaim.claimName, sources);
  if (hostPath) return hostDirectory(hostPath.path, sources);
  const type = Object.keys(volume).find((key) => key !== 'name');
  // As in Kubernetes a volume without a source is an empty directory.
  if (type === undefined) return emptyDirectory(path);
  throw new VolumeError(`volumes of type ${type} are not available on this node; use emptyDir, configMap, secret, projected, downwardAPI or persistentVolumeClaim`);
}

const DEFAULT_MODE = 0o644;

/** Every container of the pod may write, whatever user it runs as. */
async function emptyDirectory(path: string): Promise<string> {
  // By a mode of its own: that of `mkdir` is subject to the process's mask.
  if (await makeDirectory(path, 0o755)) chmodSync(path, 0o777);
  return path;
}

type Items = readonly { readonly key: string; readonly path?: string; readonly mode?: number }[];

function pick(data: Readonly<Record<string, Buffer>>, items: Items | undefined, optional: boolean | undefined, of: string): readonly VolumeFile[] {
  if (!items) return Object.entries(data).map(([path, content]) => ({ path, content }));
  return items.flatMap((item) => {
    const content = data[item.key];
    if (content) return [{ path: item.path ?? item.key, content, ...(item.mode === undefined ? {} : { mode: item.mode }) }];
    if (optional) return [];
    throw new VolumeError(`references non-existent ${of} key: ${item.key}`);
  });
}

interface Reference {
  readonly name?: string;
  readonly items?: Items;
  readonly optional?: boolean;
}

async function configMapFiles(pod: Pod, { name = '', items, optional }: Reference, { client }: VolumeSources): Promise<readonly VolumeFile[]> {
  const namespace = pod.metadata.namespace!;
  const found = await client.find<ConfigMap>(configMaps, { namespace, name });
  if (!found && !optional) throw new VolumeError(`configmap "${name}" not found`);
  const data = {
    ...Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'utf8')])),
    ...Object.fromEntries(Object.entries(found?.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
  };
  return pick(data, items, optional, 'config');
}

async function secretFiles(pod: Pod, { name = '', items, optional }: Reference, { client }: VolumeSources): Promise<readonly VolumeFile[]> {
  const namespace = pod.metadata.namespace!;
  const found = await client.find<Secret>(secrets, { namespace, name });
  if (!found && !optional) throw new VolumeError(`secret "${name}" not found`);
  const data = Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return pick(data, items, optional, 'secret');
}

type DownwardItems = NonNullable<NonNullable<Volume['downwardAPI']>['items']>;

function downwardFiles(pod: Pod, items: DownwardItems, { place }: VolumeSources): readonly VolumeFile[] {
  return items.map((item) => ({
    path: item.path,
    content: item.fieldRef ? fieldValue(pod, item.fieldRef.fieldPath, place) : resourceValue(pod, pod.spec!.containers[0]!, item.resourceFieldRef!),
    ...(item.mode === undefined ? {} : { mode: item.mode }),
  }));
}

type ProjectedSource = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

async function projectedFiles(pod: Pod, source: ProjectedSource, sources: VolumeSources): Promise<readonly VolumeFile[]> {
  if (source.configMap) return configMapFiles(pod, source.configMap, sources);
  if (source.secret) return secretFiles(pod, source.secret, sources);
  if (source.downwardAPI) return downwardFiles(pod, source.downwardAPI.items ?? [], sources);
  if (source.serviceAccountToken) {
    const { audience, expirationSeconds, path } = source.serviceAccountToken;
    const token = await sources.token({ ...(audience ? { audience } : {}), ...(expirationSeconds ? { expirationSeconds } : {}) });
    return [{ path, content: token, mode: 0o600 }];
  }
  throw new VolumeError(`projected source ${Object.keys(source).join(', ')} is not available on this node`);
}

/** The directory is there as soon as the claim is: on a node that has all volumes there is nothing to wait for. */
async function claimDirectory(pod: Pod, name: string, { client, directories }: VolumeSources): Promise<string> {
  const claim = await client.find<PersistentVolumeClaim>(persistentVolumeClaims, { namespace: pod.metadata.namespace!, name });
  if (!claim) throw new VolumeError(`persistentvolumeclaim "${name}" not found`);
  if (claim.metadata.deletionTimestamp) throw new VolumeError(`persistentvolumeclaim "${name}" is being deleted`);
  const path = join(directories.volumes, volumeOfClaim(claim.metadata.uid!));
  mkdirSync(path, { recursive: true, mode: 0o755 });
  return path;
}

function hostDirectory(path: string, { allowedHostPaths }: VolumeSources): string {
  const allowed = allowedHostPaths.some((root) => path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`));
  if (!allowed || path.split('/').includes('..')) {
    throw new VolumeError(`hostPath ${JSON.stringify(path)} is refused: pods do not see this machine's files; use emptyDir or a persistentVolumeClaim`);
  }
  if (!existsSync(path)) throw new VolumeError(`hostPath ${JSON.stringify(path)} does not exist`);
  return path;
}
