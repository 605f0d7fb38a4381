import type { ObjectMeta } from '@plinth/apimachinery';
import { boolean, field, int64, list, listMap, map, named, object, set, schemaOf, string, stringList, stringMap, time, freeObject, type Field, type Of } from './fields.ts';

const ownerReference = named(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  object(
    'The object that this one belongs to: it is collected as garbage when the owner is gone.',
    {
      apiVersion: string('API version of the owner.'),
      kind: string('Kind of the owner.'),
      name: string('Name of the owner.'),
      uid: string('UID of the owner.'),
      controller: boolean('The owner is the controller that manages this object.'),
      blockOwnerDeletion: boolean('The owner cannot be deleted in the foreground before this object is gone.'),
    },
    ['apiVersion', 'kind', 'name', 'uid'],
    { 'x-kubernetes-map-type': 'atomic' },
  ),
);

/** `metadata` of built-in objects, typed as apimachinery types it. */
export const objectMeta: Field<ObjectMeta> = named(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  field<ObjectMeta>(
    schemaOf(
      object('What every object has: its name, labels, owners and history.', {
        name: string('Unique among the objects of this kind in the namespace. Cannot be changed.'),
        generateName: string('A prefix from which the server makes a unique name when `name` is absent.'),
        namespace: string('The space in which the name is unique. Cannot be changed.'),
        uid: string('Unique in time and space; set by the server.'),
        resourceVersion: string('Opaque version of the stored object, for optimistic concurrency and watches.'),
        generation: int64('Number of the desired state; the server counts it up when the spec changes.'),
        creationTimestamp: time('When the server created the object.', { nullable: true }),
        deletionTimestamp: time('When deletion was asked for, plus the grace period. Set by the server.', { nullable: true }),
        deletionGracePeriodSeconds: int64('Seconds given for an orderly end.'),
        labels: stringMap('Keys and values by which objects are selected.'),
        annotations: stringMap('Keys and values for tools; not used for selection.'),
        ownerReferences: listMap('The objects that this one belongs to.', ['uid'], ownerReference),
        finalizers: set('Who must clean up before the object may vanish.', field<string>({ type: 'string' })),
        managedFields: list(
          'Who set which fields; kept for server-side apply.',
          object('The fields that one manager set.', {
            manager: string('Name of the manager.'),
            operation: string('Apply or Update.'),
            apiVersion: string('Version of the schema that the fields refer to.'),
            time: time('When the manager last changed one of the fields.'),
            fieldsType: string('Always FieldsV1.'),
            fieldsV1: freeObject('The set of fields as a trie of path elements.'),
            subresource: string('The subresource through which the fields were set.'),
          }),
        ),
        selfLink: string('No longer set.'),
      }),
    ),
  ),
);

/** `metadata` of a template: labels and annotations, and what tools leave there. */
export const templateMeta = objectMeta as unknown as Field<Partial<ObjectMeta>>;

export const labelSelector = named(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  object(
    'Selects objects whose labels satisfy all of its requirements. Empty selects everything.',
    {
      matchLabels: stringMap('Labels that must be there with exactly these values.'),
      matchExpressions: list(
        'Requirements on labels.',
        object(
          'One requirement.',
          {
            key: string('Label key.'),
            operator: string('In, NotIn, Exists or DoesNotExist.'),
            values: stringList('For In and NotIn: the values.'),
          },
          ['key', 'operator'],
        ),
      ),
    },
    [],
    { 'x-kubernetes-map-type': 'atomic' },
  ),
);
export interface LabelSelector extends Of<typeof labelSelector> {}

const conditionFields = {
  type: string('What the condition is about, in CamelCase.', {
    maxLength: 316,
    pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  }),
  status: field<'True' | 'False' | 'Unknown'>({
    type: 'string',
    description: 'True, False or Unknown.',
    enum: ['True', 'False', 'Unknown'],
  }),
  observedGeneration: int64('The generation that the condition was set for.', { minimum: 0 }),
  lastTransitionTime: time('When the condition last went from one status to another.'),
  reason: string('Why, as one CamelCase word for programs.', {
    minLength: 1,
    maxLength: 1024,
    pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  }),
  message: string('Why, for people. May be empty.', { maxLength: 32768 }),
};

/** `metav1.Condition`, as newer kinds use it. */
export const condition = object(
  'One observation of the state of the object.',
  conditionFields,
  ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
);
export interface Condition extends Of<typeof condition> {}

/** Conditions merged by their type. */
export const conditions = listMap('Observations of the state of the object, one per type.', ['type'], condition);

/** Conditions that are replaced as a whole. Those of the platform say, besides, when they were proved, and what kind of failure there was. */
export const atomicConditions = list(
  'Observations of the state of the object, one per type.',
  object(
    'One observation of the state of the object.',
    {
      ...conditionFields,
      provedAt: time('When somebody last had proof of it, for conditions that are True.'),
      cause: string('What kind of failure is behind it, as one word for programs: of a state store unreachable, unauthorized, not-found, rejected, invalid, conflict, aborted or failed.'),
    },
    ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  ),
);

/** The looser conditions of older kinds: Pod, Deployment, Job, Node, CustomResourceDefinition ... */
export const looseConditions = listMap(
  'Observations of the state of the object, one per type.',
  ['type'],
  object(
    'One observation of the state of the object.',
    {
      type: string('What the condition is about.'),
      status: string('True, False or Unknown.'),
      reason: string('Why, as one CamelCase word for programs.'),
      message: string('Why, for people.'),
      lastTransitionTime: time('When the status last changed.', { nullable: true }),
      lastUpdateTime: time('When the condition was last updated.', { nullable: true }),
      lastProbeTime: time('When the condition was last probed.', { nullable: true }),
      lastHeartbeatTime: time('When the condition was last confirmed.', { nullable: true }),
      observedGeneration: int64('The generation that the condition was set for.'),
    },
    ['type', 'status'],
  ),
);
export type LooseCondition = Of<typeof looseConditions>[number];

/** A reference by name to an object in the same namespace. */
export const localReference = object(
  'Names an object in the same namespace.',
  { name: string('Name of the object.', { default: '' }) },
  [],
  { 'x-kubernetes-map-type': 'atomic' },
);

/** A reference to any object. */
export const objectReference = named(
  'io.k8s.api.core.v1.ObjectReference',
  object(
    'Names an object, and possibly a part of it.',
    {
      apiVersion: string('API version of the object.'),
      kind: string('Kind of the object.'),
      namespace: string('Namespace of the object.'),
      name: string('Name of the object.'),
      uid: string('UID of the object.'),
      resourceVersion: string('The version that is meant.'),
      fieldPath: string('A part of the object: spec.containers{name}.'),
    },
    [],
    { 'x-kubernetes-map-type': 'atomic' },
  ),
);
export interface ObjectReference extends Of<typeof objectReference> {}

export const extraUserInfo = map('Further facts about the user.', stringList('Values.'));
