import { isJsonObject } from '@plinth/apimachinery';
import { ANNOTATIONS } from './labels.ts';

/**
 * The names of the Secrets among these documents that carry values in the clear: also those in a List, and not those that SOPS
 * has encrypted or whose author says with an annotation that everybody may read them (decision 0155).
 */
export function secretsWithValues(documents: readonly unknown[]): readonly string[] {
  return documents.flatMap((document): readonly string[] => {
    if (!isJsonObject(document)) return [];
    const { kind, items } = document;
    if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) return secretsWithValues(items);
    if (kind !== 'Secret' || document['apiVersion'] !== 'v1' || isJsonObject(document['sops'])) return [];
    const metadata = isJsonObject(document['metadata']) ? document['metadata'] : {};
    const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
    if (annotations[ANNOTATIONS.notSecret] === 'true') return [];
    const hasValues = [document['data'], document['stringData']].some((values) => isJsonObject(values) && Object.values(values).some((value) => typeof value === 'string' && value !== ''));
    const name = String(metadata['name'] ?? '');
    return hasValues ? [metadata['namespace'] ? `${String(metadata['namespace'])}/${name}` : name] : [];
  });
}

/** What an author can do instead. */
export const INSTEAD_OF_SECRETS = `let something at the destination make it, encrypt it (SOPS, SealedSecret), or, if it is none, annotate it ${ANNOTATIONS.notSecret}=true`;
