import { gvkOf, isApiError, isConflict, isInvalid, isNotFound, keyOf, type ApiResource, type ManagedFieldsEntry, type UnstructuredObject } from '@plinth/apimachinery';
import { isTransportError, until, type Client } from '@plinth/client';
import { ownEntry } from '../drift/judge-drift.ts';
import { APPLY_MANAGER } from '../names.ts';
import { controlOf, isHandsOff } from './controls.ts';
import { subjectOf } from './subject.ts';

/** What became of one object. */
export type ApplyOutcome =
  | { readonly type: 'created' | 'configured' | 'unchanged'; readonly live: UnstructuredObject }
  | { readonly type: 'skipped' }
  /** `isLeaving`: the one that was there before is on its way out; what is written to it would go with it. */
  | { readonly type: 'failed'; readonly message: string; readonly missing?: Missing; readonly isLeaving?: true };

/** What an object waits for: it is applied as soon as this appears. */
export type Missing = { readonly kind: string; readonly apiVersion: string } | { readonly namespace: string };

export interface ApplyOptions {
  readonly client: Client;
  /** Delete and create again what cannot be changed. */
  readonly force: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The cluster does not answer: to go on with other objects makes no sense. */
export class ClusterUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterUnavailable';
  }
}

/**
 * Makes one object be as its manifest says, by server-side apply, taking fields over from others where they differ.
 *
 * Guarantees: a failure leaves the object as it was. Values of Secrets appear in no message.
 * Errors: {@link ClusterUnavailable}; everything that is about this object alone is an outcome.
 */
export async function applyObject(object: UnstructuredObject, options: ApplyOptions): Promise<ApplyOutcome> {
  const { client } = options;
  const subject = subjectOf(object);
  try {
    if (isHandsOff(object)) return { type: 'skipped' };
    const resource = await client.resolve(gvkOf(object));
    if (!resource) {
      const message = `${subject} dry-run failed: no matches for kind "${object.kind}" in version "${object.apiVersion}"`;
      return { type: 'failed', message, missing: { kind: object.kind, apiVersion: object.apiVersion } };
    }
    if (resource.namespaced && !object.metadata.namespace) {
      return { type: 'failed', message: `${subject} namespace not specified: the manifest has none, and the Kustomization has no targetNamespace` };
    }
    if ('sops' in object) return { type: 'failed', message: `${subject} is SOPS encrypted, configuring decryption is required for this secret to be reconciled` };
    const live = await client.find(resource, keyOf(object));
    if (live && (isHandsOff(live) || controlOf(object, 'ssa') === 'IfNotPresent')) return { type: 'skipped' };
    if (live?.metadata.deletionTimestamp) return { type: 'failed', message: `${subject} is being deleted; it is made again when it is gone`, isLeaving: true };
    return await applyTo(resource, live, object, options);
  } catch (error) {
    return failureOf(object, error);
  }
}

async function applyTo(resource: ApiResource, live: UnstructuredObject | undefined, object: UnstructuredObject, options: ApplyOptions): Promise<ApplyOutcome> {
  const { client } = options;
  const send = (): Promise<UnstructuredObject> =>
    client.patch(resource, keyOf(object), 'apply', object, { fieldManager: APPLY_MANAGER, force: true });
  try {
    if (live) await takeOver(client, resource, live, controlOf(object, 'ssa') === 'Merge');
    const applied = await send();
    if (!live) return { type: 'created', live: applied };
    return { type: applied.metadata.resourceVersion === live.metadata.resourceVersion ? 'unchanged' : 'configured', live: applied };
  } catch (error) {
    const mayForce = options.force || controlOf(object, 'force') === 'enabled';
    if (!live || !mayForce || !isImmutable(error)) throw error;
    await client.delete(resource, keyOf(object), { propagationPolicy: 'Background', ...(live.metadata.uid ? { preconditions: { uid: live.metadata.uid } } : {}) });
    await until(client, resource, keyOf(object), (now) => now === undefined || now.metadata.uid !== live.metadata.uid, {
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      what: 'to be gone, because it cannot be changed and is created again',
    });
    return { type: 'created', live: await send() };
  }
}

const isImmutable = (error: unknown): boolean => isInvalid(error) && isApiError(error) && /immutable|may not change once set|updates to .* are forbidden/i.test(error.message);

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const FOREIGN = /^(kubectl|before-first-apply)/;

/**
 * Takes over the fields of people's `kubectl`, so that what the manifest does not say goes away, and the note that
 * `kubectl apply` leaves. Fields of other programs stay theirs.
 */
async function takeOver(client: Client, resource: ApiResource, live: UnstructuredObject, isMerge: boolean): Promise<void> {
  if (isMerge) return;
  const entries = live.metadata.managedFields ?? [];
  const foreign = entries.filter((entry) => !entry.subresource && (FOREIGN.test(entry.manager) || (entry.manager === APPLY_MANAGER && entry.operation === 'Update')));
  const hasNote = live.metadata.annotations?.[LAST_APPLIED] !== undefined;
  if (foreign.length === 0 && !hasNote) return;
  const own = ownEntry(live);
  const merged: ManagedFieldsEntry = {
    ...(own ?? { manager: APPLY_MANAGER, operation: 'Apply', apiVersion: live.apiVersion, fieldsType: 'FieldsV1', fieldsV1: {} }),
    fieldsV1: [own, ...foreign].reduce<Fields>((all, entry) => union(all, entry?.fieldsV1 ?? {}), {}),
  };
  const rest = entries.filter((entry) => entry !== own && !foreign.includes(entry));
  const patch = [
    { op: 'test', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
    ...(hasNote ? [{ op: 'remove', path: `/metadata/annotations/${LAST_APPLIED.replace('/', '~1')}` }] : []),
    ...(foreign.length > 0 ? [{ op: 'replace', path: '/metadata/managedFields', value: [...rest, merged] }] : []),
  ];
  try {
    await client.patch(resource, keyOf(live), 'json', patch, { fieldManager: APPLY_MANAGER });
  } catch (error) {
    // Somebody wrote meanwhile: the next look takes the fields over.
    if (!isConflict(error) && !isInvalid(error) && !isNotFound(error)) throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function union(left: Fields, right: Fields): Fields {
  const both: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right)) both[key] = key in both ? union(both[key] as Fields, value as Fields) : value;
  return both;
}

/** An outcome for what is wrong with this object; throws for what is wrong with the cluster. */
function failureOf(object: UnstructuredObject, error: unknown): ApplyOutcome {
  const subject = subjectOf(object);
  const text = error instanceof Error ? error.message : String(error);
  if (!isApiError(error)) {
    if (isTransportError(error)) throw new ClusterUnavailable(`${subject} apply failed: ${text}`, { cause: error });
    return { type: 'failed', message: `${subject} apply failed: ${text}` };
  }
  const { code, reason, details } = error.status;
  if (code >= 500 || code === 429 || code === 401) throw new ClusterUnavailable(`${subject} apply failed: ${text}`, { cause: error });
  if (isNotFound(error)) {
    const namespace = /namespaces "([^"]+)" not found/.exec(text)?.[1];
    return { type: 'failed', message: `${subject} not found: ${text}`, ...(namespace ? { missing: { namespace } } : {}) };
  }
  if (object.kind === 'Secret' && object.apiVersion === 'v1') {
    const fields = (details?.causes ?? []).map(({ field }) => field).filter((field) => field !== undefined);
    return { type: 'failed', message: `${subject} dry-run failed (${reason ?? code}): the Secret was refused${fields.length > 0 ? ` because of ${fields.join(', ')}` : ''}; its values are not shown` };
  }
  return { type: 'failed', message: `${subject} dry-run failed (${reason ?? code}): ${text}` };
}

/** The key under which a missing thing is remembered: `g/v Kind` or the namespace. */
export const missingKey = (missing: Missing): string => ('namespace' in missing ? `namespace ${missing.namespace}` : `${missing.apiVersion} ${missing.kind}`);
