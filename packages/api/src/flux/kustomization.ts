import { boolean, freeObject, int64, list, object, oneOf, string, stringList, stringMap, type Of } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { conditions } from '../schema/meta.ts';
import { DURATION_PATTERN, fluxColumns } from './columns.ts';

const duration = (description: string) => string(description, { pattern: DURATION_PATTERN });
const localName = (description: string) => object(description, { name: string('Name.') }, ['name']);

const kustomizationSpec = object(
  'What to apply, and how.',
  {
    interval: duration('How often to correct drift.'),
    retryInterval: duration('How soon to try again after a failure; `interval` when absent.'),
    timeout: duration('The most time to wait for stages and health.'),
    prune: boolean('Delete objects that left the source.'),
    path: string('Folder in the source.'),
    sourceRef: object(
      'Where the manifests are.',
      {
        apiVersion: string('API version of the source.'),
        kind: oneOf('Kind of the source.', ['OCIRepository', 'GitRepository', 'Bucket', 'ExternalArtifact']),
        name: string('Name of the source.'),
        namespace: string('Namespace of the source; the own one when absent.'),
      },
      ['kind', 'name'],
    ),
    targetNamespace: string('Namespace for all objects.', { minLength: 1, maxLength: 63 }),
    dependsOn: list(
      'Kustomizations that must be ready first.',
      object('A Kustomization.', { name: string('Name.'), namespace: string('Namespace; the own one when absent.'), readyExpr: string('CEL expression of readiness.') }, ['name']),
    ),
    wait: boolean('Wait until every applied object is healthy.'),
    healthChecks: list(
      'Objects whose health is waited for.',
      object('An object.', { apiVersion: string('API version.'), kind: string('Kind.'), name: string('Name.'), namespace: string('Namespace.') }, ['kind', 'name']),
    ),
    healthCheckExprs: list('How the health of a kind is known.', freeObject('CEL expressions.')),
    force: boolean('Delete and create again what cannot be changed.', { default: false }),
    suspend: boolean('Stop applying.'),
    postBuild: object('Variables to replace in the manifests.', {
      substitute: stringMap('Values by name.'),
      substituteFrom: list(
        'Objects whose keys are values.',
        object('An object.', { kind: oneOf('Kind.', ['Secret', 'ConfigMap']), name: string('Name.', { minLength: 1, maxLength: 253 }), optional: boolean('May be missing.', { default: false }) }, ['kind', 'name']),
      ),
      substituteStrategy: string('How unknown variables are treated.'),
    }),
    patches: list('Kustomize patches.', freeObject('A patch.')),
    images: list('Image names to replace.', freeObject('An image.')),
    components: stringList('Kustomize components.'),
    ignoreMissingComponents: boolean('Components may be missing.'),
    namePrefix: string('Put before every name.'),
    nameSuffix: string('Put after every name.'),
    commonMetadata: object('Put on every object.', { labels: stringMap('Labels.'), annotations: stringMap('Annotations.') }),
    decryption: object('How secrets are decrypted.', { provider: oneOf('Who decrypts.', ['sops']), secretRef: localName('Secret with keys.'), serviceAccountName: string('ServiceAccount for the key service.') }, ['provider']),
    serviceAccountName: string('ServiceAccount to act as.'),
    kubeConfig: object('Another cluster to apply to.', { secretRef: object('Secret with a kubeconfig.', { name: string('Name.'), key: string('Key.') }, ['name']), configMapRef: localName('ConfigMap with the address of the cluster.') }),
    deletionPolicy: oneOf('What becomes of the objects when the Kustomization is deleted.', ['MirrorPrune', 'Delete', 'WaitForTermination', 'Orphan']),
    ignore: list('Fields that are not compared.', freeObject('A rule.')),
    buildMetadata: stringList('Annotations that say where an object comes from.'),
  },
  ['interval', 'prune', 'sourceRef'],
);
export interface KustomizationSpec extends Of<typeof kustomizationSpec> {}

const inventoryEntry = object('An object.', { id: string('namespace_name_group_kind'), v: string('API version.') }, ['id', 'v']);
export interface InventoryEntry extends Of<typeof inventoryEntry> {}

const applyFailure = object(
  'An object that was refused, or (without a kind) a file that could not be read.',
  {
    path: string('The file, relative to the root of the source.'),
    apiVersion: string('API version of the object.'),
    kind: string('Kind of the object.'),
    namespace: string('Namespace of the object.'),
    name: string('Name of the object.'),
    message: string('Why.'),
  },
  ['message'],
);
export interface ApplyFailure extends Of<typeof applyFailure> {}

export const kustomizations = customKind({
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  kind: 'Kustomization',
  plural: 'kustomizations',
  namespaced: true,
  description: 'Applies the manifests of a source and keeps the cluster like them.',
  fields: {
    spec: kustomizationSpec,
    status: object(
      'What is known of the last runs.',
      {
        conditions,
        observedGeneration: int64('The generation that the status is about.'),
        lastAttemptedRevision: string('The revision of the last run.'),
        lastAppliedRevision: string('The revision of the last run that succeeded.'),
        lastAppliedOriginRevision: string('The revision behind the artifact.'),
        inventory: object('Objects that were applied.', { entries: list('The objects.', inventoryEntry) }, ['entries']),
        lastHandledReconcileAt: string('The last value of reconcile.fluxcd.io/requestedAt that was acted upon.'),
        history: list('Last outcomes.', freeObject('An outcome.')),
        failures: list('Ours: what of lastAttemptedRevision could not be applied, object by object. At most 200; everything else is applied.', applyFailure),
        failureCount: int64('Ours: how many there are.'),
      },
      [],
      { default: { observedGeneration: -1 } },
    ),
  },
  shortNames: ['ks'],
  subresources: { status: true },
  columns: fluxColumns,
});
export interface Kustomization extends ObjectIn<typeof kustomizations> {}
