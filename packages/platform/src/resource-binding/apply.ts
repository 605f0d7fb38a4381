import { type PlatformPromise, type ResourceBinding, resourceBindings } from '@plinth/api';
import { isAlreadyExists, type KubeObject, keyOf } from '@plinth/apimachinery';
import { LABELS } from '../naming/labels.ts';
import type { PlatformContext } from '../runtime/context.ts';
import { ensureDeleted } from '../runtime/ensure-object.ts';
import { bindingLabels, buildBinding, otherBindingName } from './binding.ts';

/** Makes the binding of a request be there, with the labels that the request has. One that somebody made before is taken as it is. */
export async function ensureBinding({ client }: PlatformContext, promise: PlatformPromise, request: KubeObject, existing: ResourceBinding | undefined, version: string): Promise<{ readonly binding: ResourceBinding; readonly isNew: boolean }> {
  if (!existing) return create(client, buildBinding(promise, request, version), otherBindingName(promise, request));
  const wanted: Readonly<Record<string, string>> = bindingLabels(promise, request);
  const { [LABELS.manualReconciliation]: _asked, ...have } = existing.metadata.labels ?? {};
  const changed = [...new Set([...Object.keys(wanted), ...Object.keys(have)])].filter((label) => wanted[label] !== have[label]);
  if (changed.length === 0 || existing.metadata.deletionTimestamp) return { binding: existing, isNew: false };
  const labels = Object.fromEntries(changed.map((label) => [label, wanted[label] ?? null]));
  return { binding: await client.patch<ResourceBinding>(resourceBindings, keyOf(existing), 'merge', { metadata: { labels } }), isNew: false };
}

/** The name may be taken by the binding of another request. */
async function create(client: PlatformContext['client'], desired: ResourceBinding, otherName: string): Promise<{ readonly binding: ResourceBinding; readonly isNew: boolean }> {
  try {
    return { binding: await client.create(resourceBindings, desired), isNew: true };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await client.find<ResourceBinding>(resourceBindings, keyOf(desired));
    if (!found || isFor(found, desired)) return { binding: found ?? desired, isNew: false };
    if (desired.metadata.name === otherName) throw error;
    return create(client, { ...desired, metadata: { ...desired.metadata, name: otherName } }, otherName);
  }
}

const isFor = (found: ResourceBinding, { metadata: { labels } }: ResourceBinding): boolean =>
  [LABELS.promiseName, LABELS.resourceName].every((label) => found.metadata.labels?.[label] === labels?.[label]);

/** The label on the binding moves to the request. In this order: a run that was asked for is not lost, and is one. */
export async function passOnManualReconciliation({ client }: PlatformContext, markRequest: () => Promise<KubeObject>, binding: ResourceBinding): Promise<void> {
  await markRequest();
  await client.patch(resourceBindings, keyOf(binding), 'merge', { metadata: { labels: { [LABELS.manualReconciliation]: null } } });
}

export async function deleteBindings({ client }: PlatformContext, bindings: readonly ResourceBinding[]): Promise<void> {
  await Promise.all(bindings.map((binding) => ensureDeleted(client, resourceBindings, binding)));
}
