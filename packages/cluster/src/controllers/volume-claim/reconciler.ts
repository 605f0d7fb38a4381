import { persistentVolumeClaims, persistentVolumes, pods, type PersistentVolume, type PersistentVolumeClaim, type Pod } from '@plinth/api';
import { deepEqual, isAlreadyExists, isConflict, isNotFound, keyOf } from '@plinth/apimachinery';
import { done, runController, type Controller } from '@plinth/controller-runtime';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { volumeOfClaim } from '../../node/pod-directory.ts';
import { isPodFinished } from '../../objects/pod.ts';
import type { ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';

export interface VolumeClaimOptions {
  /** Where the volumes are. */
  readonly directory: string;
  readonly nodeName: string;
}

/** The one class of storage: directories of this machine. Claims without a class get it, too. */
export const LOCAL_STORAGE_CLASS = 'local';
export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
const PROVISIONER = 'plinth.dev/local';

/**
 * Binds claims to volumes, which are directories named by the claim's uid, and removes a volume when its claim is gone,
 * which it only is when no pod uses it any more.
 *
 * A size is what was asked for and not a limit: the volume has what the machine's disk has. Growing a claim is therefore
 * true at once; Kubernetes forbids shrinking.
 */
export function startVolumeClaimController(context: ControllerContext, { directory, nodeName }: VolumeClaimOptions): Controller {
  const { cache } = context;
  const { client } = cache;
  const events = context.events('persistentvolume-controller');
  const claims = cache.informer<PersistentVolumeClaim>(persistentVolumeClaims);
  const volumes = cache.informer<PersistentVolume>(persistentVolumes);
  const podInformer = cache.informer<Pod>(pods);
  podInformer.addIndex('claim', (pod) => (pod.spec?.volumes ?? []).flatMap((volume) => (volume.persistentVolumeClaim ? [`${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}`] : [])));

  return runController({
    ...context,
    name: 'volume-claim',
    sources: [
      { informer: claims },
      { informer: volumes, map: (object) => {
        const ref = (object as PersistentVolume).spec?.claimRef;
        return ref?.name ? [{ namespace: ref.namespace!, name: ref.name }] : [];
      } },
      // A pod that ends may be the last that held a claim that is being deleted.
      {
        informer: podInformer,
        map: (object) =>
          ((object as Pod).spec?.volumes ?? []).flatMap((volume) => {
            const name = volume.persistentVolumeClaim?.claimName;
            return name && claims.get({ namespace: object.metadata.namespace!, name })?.metadata.deletionTimestamp ? [{ namespace: object.metadata.namespace!, name }] : [];
          }),
      },
    ],
    reconcile: async (request) => {
      const claim = claims.get(request);
      await releaseVolumes(request, claim);
      if (!claim) return done;
      if (claim.metadata.deletionTimestamp) await unprotect(claim);
      else if (isOurs(claim)) await bind(claim);
      else events.record(persistentVolumeClaims, claim, { type: 'Warning', reason: 'ProvisioningFailed', message: `storageclass.storage.k8s.io "${claim.spec?.storageClassName}" not found: this cluster has the class "${LOCAL_STORAGE_CLASS}"` });
      return done;
    },
  });

  async function bind(claim: PersistentVolumeClaim): Promise<void> {
    const name = volumeOfClaim(claim.metadata.uid!);
    const capacity = { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' };
    const volume = volumes.get({ name });
    const path = join(directory, name);
    if (!volume) {
      mkdirSync(path, { recursive: true, mode: 0o755 });
      await tolerate(client.create<PersistentVolume>(persistentVolumes, volumeFor(claim, name, path, capacity)));
      events.record(persistentVolumeClaims, claim, { type: 'Normal', reason: 'ProvisioningSucceeded', message: `Successfully provisioned volume ${name}` });
    } else if (!deepEqual(volume.spec?.capacity, capacity)) {
      await tolerate(client.patch(persistentVolumes, { name }, 'merge', { spec: { capacity } }));
    }
    if (claim.spec?.volumeName !== name || !claim.metadata.finalizers?.includes(CLAIM_PROTECTION)) {
      const finalizers = [...new Set([...(claim.metadata.finalizers ?? []), CLAIM_PROTECTION])];
      const { uid, resourceVersion } = claim.metadata;
      await tolerate(
        client.patch(persistentVolumeClaims, keyOf(claim), 'merge', {
          metadata: { uid, resourceVersion, finalizers, annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes', 'volume.kubernetes.io/storage-provisioner': PROVISIONER } },
          spec: { volumeName: name, ...(claim.spec?.storageClassName === undefined ? { storageClassName: LOCAL_STORAGE_CLASS } : {}) },
        }),
      );
      return; // The change wakes us for the rest.
    }
    const status = { phase: 'Bound', accessModes: claim.spec.accessModes ?? [], capacity };
    if (!deepEqual(claim.status, status)) await tolerate(client.updateStatus(persistentVolumeClaims, { ...claim, status } as PersistentVolumeClaim));
    if (volume && volume.status?.phase !== 'Bound') await tolerate(client.updateStatus(persistentVolumes, { ...volume, status: { phase: 'Bound' } }));
  }

  async function unprotect(claim: PersistentVolumeClaim): Promise<void> {
    const { namespace, name, finalizers = [] } = claim.metadata;
    if (!finalizers.includes(CLAIM_PROTECTION)) return;
    const users = podInformer.byIndex('claim', `${namespace}/${name}`).filter((pod) => !isPodFinished(pod));
    if (users.length > 0) return;
    const { uid, resourceVersion } = claim.metadata;
    await tolerate(client.patch(persistentVolumeClaims, keyOf(claim), 'merge', { metadata: { uid, resourceVersion, finalizers: finalizers.filter((each) => each !== CLAIM_PROTECTION) } }));
  }

  /** Volumes whose claim is gone, or is another of the same name by now: first the data, then the object. */
  async function releaseVolumes(request: { readonly namespace?: string; readonly name: string }, claim: PersistentVolumeClaim | undefined): Promise<void> {
    for (const volume of volumes.list()) {
      const ref = volume.spec?.claimRef;
      if (ref?.name !== request.name || ref.namespace !== request.namespace || ref.uid === claim?.metadata.uid) continue;
      if (volume.metadata.annotations?.[PROVISIONED_BY] !== PROVISIONER || volume.spec?.persistentVolumeReclaimPolicy === 'Retain') continue;
      // The cache may lag behind a claim that was just made again.
      const live = await client.find<PersistentVolumeClaim>(persistentVolumeClaims, { namespace: request.namespace!, name: request.name });
      if (live?.metadata.uid === ref.uid) continue;
      await rm(join(directory, volume.metadata.name), { recursive: true, force: true, maxRetries: 3 });
      await deleteObject(client, persistentVolumes, volume);
    }
  }

  function volumeFor(claim: PersistentVolumeClaim, name: string, path: string, capacity: Readonly<Record<string, string | number>>): PersistentVolume {
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, annotations: { [PROVISIONED_BY]: PROVISIONER } },
      spec: {
        capacity,
        accessModes: claim.spec?.accessModes ?? [],
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: claim.metadata.namespace!, name: claim.metadata.name, uid: claim.metadata.uid! },
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: claim.spec?.storageClassName || LOCAL_STORAGE_CLASS,
        volumeMode: claim.spec?.volumeMode ?? 'Filesystem',
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] }] } },
      },
    };
  }
}

const isOurs = (claim: PersistentVolumeClaim): boolean => claim.spec?.storageClassName === undefined || ['', LOCAL_STORAGE_CLASS, 'standard'].includes(claim.spec.storageClassName);

/** It was made, changed or removed meanwhile: its event asks again. */
async function tolerate(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
  }
}
