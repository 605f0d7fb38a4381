import { bucketStateStores, customResourceDefinitions, destinations, dryRuns, gitStateStores, promiseReleases, promiseRevisions, promises, resourceBindings, workPlacements, works, type CustomResourceDefinition, type Kind } from '@plinth/api';
import { type ApiResource, isForbidden } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { LABELS } from '../naming/labels.ts';

/** A kind that can be asked about: one of the platform's own, or one that a Promise offers. */
export interface SubjectKind {
  readonly resource: ApiResource;
  /** The Promise whose requests these are; absent for the platform's own kinds. */
  readonly promiseName?: string;
}

/**
 * Finds the kind that a word means, as kubectl takes it: plural, singular, kind, short name, or `plural.group`. When
 * nothing is called so, `offered` are the kinds that Promises offer.
 */
export async function findKind(client: Client, word: string): Promise<SubjectKind | { readonly offered: readonly string[] }> {
  const wanted = word.toLowerCase();
  const own = OWN_KINDS.find((kind) => names(kind).includes(wanted));
  if (own) return { resource: own };
  const crds = await offeredKinds(client);
  for (const { metadata, spec } of crds) {
    const { group, names: called } = spec;
    if (![called.plural, called.singular ?? '', called.kind, ...(called.shortNames ?? []), metadata.name].some((name) => name.toLowerCase() === wanted)) continue;
    const version = spec.versions.find(({ storage }) => storage)?.name ?? spec.versions[0]?.name ?? 'v1';
    return { resource: { group, version, kind: called.kind, plural: called.plural, namespaced: spec.scope === 'Namespaced' }, promiseName: metadata.labels?.[LABELS.promiseName] ?? '' };
  }
  return { offered: crds.map(({ spec }) => spec.names.singular || spec.names.kind.toLowerCase()).sort() };
}

/** The kinds that Promises offer; none where we may not look. */
async function offeredKinds(client: Client): Promise<readonly CustomResourceDefinition[]> {
  try {
    return (await client.list<CustomResourceDefinition>(customResourceDefinitions, { labelSelector: LABELS.promiseName })).items;
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

const OWN_KINDS: readonly Kind[] = [promises, promiseReleases, promiseRevisions, resourceBindings, destinations, gitStateStores, bucketStateStores, works, workPlacements, dryRuns];
const names = ({ kind, plural, shortNames = [] }: Kind): readonly string[] => [kind.toLowerCase(), plural, ...shortNames, `${plural}.platform.kratix.io`];
