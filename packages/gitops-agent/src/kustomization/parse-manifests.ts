import { isJsonObject, parseYamlDocuments, type JsonObject, type UnstructuredObject } from '@plinth/apimachinery';
import { identityOf, inventoryId } from './subject.ts';

/** One file may not be larger. */
export const MAX_FILE_BYTES = 3 * 1024 * 1024;
const LIMITS = { maxDepth: 100, maxNodes: 300_000 } as const;

/** What a file holds: its objects, and what is wrong with the rest of it. */
export interface ManifestFile {
  readonly objects: readonly UnstructuredObject[];
  /** Empty when everything in the file could be read. */
  readonly problems: readonly string[];
}

/**
 * Reads the objects of a YAML file. A document that is no object is a problem of its own; the others are returned. A
 * file that is not YAML, or too large, has one problem and no objects. Never throws.
 */
export function parseManifests(path: string, bytes: Uint8Array): ManifestFile {
  if (bytes.length > MAX_FILE_BYTES) return bad(path, `it has ${bytes.length} bytes, at most ${MAX_FILE_BYTES} can be read`);
  const objects: UnstructuredObject[] = [];
  const problems: string[] = [];
  let values: readonly unknown[];
  try {
    values = parseYamlDocuments(new TextDecoder('utf-8', { fatal: true }).decode(bytes), LIMITS);
  } catch (error) {
    return bad(path, error instanceof Error ? (error.message.replace(/^yaml: /, '').split('\n')[0] ?? '') : String(error));
  }
  const seen = new Set<string>();
  for (const [index, value] of values.entries()) {
    for (const item of itemsOf(value)) {
      if (!isObject(item)) {
        problems.push(`failed to decode Kubernetes apiVersion, kind and name from: ${path}${values.length > 1 ? ` (document ${index + 1})` : ''}`);
        continue;
      }
      const id = inventoryId(identityOf(item));
      if (seen.has(id)) problems.push(`kustomize build failed: ${path} defines ${item.kind} ${item.metadata.name} twice`);
      else objects.push(item);
      seen.add(id);
    }
  }
  return { objects, problems };
}

const bad = (path: string, why: string): ManifestFile => ({ objects: [], problems: [`failed to decode Kubernetes YAML from ${path}: ${why}`] });

/** The items of a `List`, else the value itself. */
function itemsOf(value: unknown): readonly unknown[] {
  if (!isJsonObject(value)) return [value];
  const { kind, items } = value;
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items : [value];
}

function isObject(value: unknown): value is UnstructuredObject {
  if (!isJsonObject(value)) return false;
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || apiVersion === '' || typeof kind !== 'string' || kind === '' || !isJsonObject(metadata)) return false;
  const { name, namespace } = metadata;
  return typeof name === 'string' && name !== '' && (namespace === undefined || namespace === null || typeof namespace === 'string') && hasTexts(metadata, 'labels') && hasTexts(metadata, 'annotations');
}

const hasTexts = (metadata: JsonObject, field: string): boolean => {
  const value = metadata[field];
  return value === undefined || value === null || isJsonObject(value);
};
