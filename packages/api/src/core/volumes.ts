import { boolean, int32, int64, list, listMap, named, object, oneOf, quantity, quantityMap, string, stringList, stringMap, type Of } from '../schema/fields.ts';
import { labelSelector, localReference, templateMeta } from '../schema/meta.ts';

const keyToPath = object(
  'Projects one key to a file.',
  {
    key: string('The key.'),
    path: string('Relative path of the file; may not contain `..`.'),
    mode: int32('Permission bits of the file.'),
  },
  ['key', 'path'],
);
const items = list('Keys to project, and where to; absent: every key, as a file of its name.', keyToPath);
const defaultMode = int32('Permission bits of the files, 0644 unless told otherwise.');
const optional = boolean('Whether the object or its keys may be missing.');
const downwardItems = list(
  'Files and the fields they show.',
  object(
    'One file.',
    {
      path: string('Relative path of the file.'),
      fieldRef: object('A field of the pod.', { apiVersion: string('API version of the path.', { default: 'v1' }), fieldPath: string('Path of the field.') }, ['fieldPath']),
      resourceFieldRef: object('A resource of a container.', { containerName: string('The container.'), resource: string('The resource.'), divisor: quantity('Unit of the output.') }, ['resource']),
      mode: int32('Permission bits of the file.'),
    },
    ['path'],
  ),
);

export const typedLocalReference = object(
  'Names an object of any kind in the same namespace.',
  { apiGroup: string('API group of the object; absent for the core group.'), kind: string('Kind.'), name: string('Name.'), namespace: string('Namespace, where another one is allowed.') },
  ['kind', 'name'],
);

export const volumeResources = object('What the volume needs.', {
  requests: quantityMap('The least that is needed; `storage` is the size.'),
  limits: quantityMap('The most that may be used.'),
});

export const accessMode = string('ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.');

export const persistentVolumeClaimSpec = named(
  'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  object('What storage is asked for.', {
    accessModes: list('How the volume may be mounted.', accessMode),
    selector: labelSelector,
    resources: volumeResources,
    volumeName: string('The PersistentVolume that the claim is bound to.'),
    storageClassName: string('The class of storage asked for.'),
    volumeMode: string('Filesystem or Block.', { default: 'Filesystem' }),
    dataSource: typedLocalReference,
    dataSourceRef: typedLocalReference,
    volumeAttributesClassName: string('Class of attributes of the volume.'),
  }),
);
export interface PersistentVolumeClaimSpec extends Of<typeof persistentVolumeClaimSpec> {}

const fsType = string('File system type: ext4, xfs ...');
const readOnly = boolean('Mount without the right to write.');

export const volume = named(
  'io.k8s.api.core.v1.Volume',
  object(
    'Storage that containers of the pod can mount. Exactly one source is set.',
    {
      name: string('Name by which containers mount it.'),
      emptyDir: object('An empty directory that lives as long as the pod.', {
        medium: string('Empty for disk, Memory for tmpfs.'),
        sizeLimit: quantity('The most that may be stored.'),
      }),
      hostPath: object('A path of the host.', { path: string('The path.'), type: string('What must be at the path.') }, ['path']),
      secret: object('The keys of a Secret as files.', { secretName: string('Name of the Secret.'), items, defaultMode, optional }),
      configMap: object('The keys of a ConfigMap as files.', { name: string('Name of the ConfigMap.', { default: '' }), items, defaultMode, optional }),
      downwardAPI: object('Fields of the pod as files.', { items: downwardItems, defaultMode }),
      projected: object('Several sources in one directory.', {
        defaultMode,
        sources: list(
          'The sources.',
          object('One source.', {
            secret: object('Keys of a Secret.', { name: string('Name.', { default: '' }), items, optional }),
            configMap: object('Keys of a ConfigMap.', { name: string('Name.', { default: '' }), items, optional }),
            downwardAPI: object('Fields of the pod.', { items: downwardItems }),
            serviceAccountToken: object(
              'A token of the pod\'s service account.',
              { audience: string('Who the token is for.'), expirationSeconds: int64('Life time in seconds.', { default: 3600 }), path: string('File to write it to.') },
              ['path'],
            ),
            clusterTrustBundle: object('Trust anchors.', { name: string('Name.'), signerName: string('Signer.'), labelSelector, optional, path: string('File.') }, ['path']),
          }),
        ),
      }),
      persistentVolumeClaim: object('A PersistentVolumeClaim of the namespace.', { claimName: string('Name of the claim.'), readOnly }, ['claimName']),
      ephemeral: object('A claim that lives as long as the pod.', {
        volumeClaimTemplate: object('The claim to make.', { metadata: templateMeta, spec: persistentVolumeClaimSpec }, ['spec']),
      }),
      csi: object(
        'A volume of a CSI driver.',
        { driver: string('Name of the driver.'), fsType, readOnly, nodePublishSecretRef: localReference, volumeAttributes: stringMap('Attributes for the driver.') },
        ['driver'],
      ),
      nfs: object('An NFS export.', { server: string('Host of the server.'), path: string('Exported path.'), readOnly }, ['server', 'path']),
      image: object('The content of an OCI image.', { reference: string('Image reference.'), pullPolicy: string('Always, IfNotPresent or Never.') }),
    },
    ['name'],
  ),
);
export interface Volume extends Of<typeof volume> {}

export const volumeMount = object(
  'Where a volume appears in a container.',
  {
    name: string('Name of the volume.'),
    mountPath: string('Path in the container.'),
    subPath: string('Path in the volume to mount in place of its root.'),
    subPathExpr: string('Like subPath, with $(VAR) expanded.'),
    readOnly,
    recursiveReadOnly: string('Disabled, IfPossible or Enabled.'),
    mountPropagation: string('None, HostToContainer or Bidirectional.'),
  },
  ['name', 'mountPath'],
);
export interface VolumeMount extends Of<typeof volumeMount> {}

/** The sources that a PersistentVolume may have here. */
export const persistentVolumeSources = {
  hostPath: object('A path of the host.', { path: string('The path.'), type: string('What must be at the path.') }, ['path']),
  local: object('A directory of one node.', { path: string('The path.'), fsType }, ['path']),
  nfs: object('An NFS export.', { server: string('Host.'), path: string('Path.'), readOnly }, ['server', 'path']),
  csi: object(
    'A volume of a CSI driver.',
    { driver: string('Driver.'), volumeHandle: string('Name of the volume for the driver.'), fsType, readOnly, volumeAttributes: stringMap('Attributes.') },
    ['driver', 'volumeHandle'],
  ),
};

export const mountOptions = stringList('Options of the mount.');
export const reclaimPolicy = oneOf('What becomes of the volume when its claim is gone.', ['Retain', 'Delete', 'Recycle']);
export const volumeDevices = listMap(
  'Block devices of the container.',
  ['devicePath'],
  object('A block device.', { name: string('Name of the claim.'), devicePath: string('Path in the container.') }, ['name', 'devicePath']),
);
