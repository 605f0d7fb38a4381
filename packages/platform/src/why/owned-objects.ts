import type { Workload, WorkPlacement } from '@plinth/api';
import { parseYamlDocuments } from '@plinth/apimachinery';
import { decodeWorkload } from '@plinth/state-store';

/** Names an object of a destination, as a report does. */
export interface ReportedObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** The file that it stands in, relative to the root of the store's repository. */
  readonly path?: string;
}

/**
 * Keys ({@link objectKey}) of the objects that the files of a placement declare. The files are unpacked once, and only when
 * somebody asks; one that cannot be read declares nothing.
 */
export function declaredIn({ spec }: WorkPlacement): ReadonlySet<string> {
  const workloads = spec?.workloads;
  if (!workloads) return NOTHING;
  let keys = remembered.get(workloads);
  if (!keys) {
    keys = new Set(workloads.flatMap(objectsOf).map(objectKey));
    remembered.set(workloads, keys);
  }
  return keys;
}

/** Objects are never changed in place, so what was read from a list of files stays right. */
const remembered = new WeakMap<readonly Workload[], ReadonlySet<string>>();
const NOTHING: ReadonlySet<string> = new Set();

function objectsOf({ filepath = '', content = '' }: Workload): readonly ReportedObject[] {
  if (!/\.(?:ya?ml|json)$/.test(filepath)) return [];
  try {
    return parseYamlDocuments(new TextDecoder().decode(decodeWorkload({ filepath, content }))).flatMap((document) => {
      const { apiVersion, kind, metadata, items } = (document ?? {}) as { apiVersion?: string; kind?: string; metadata?: { name?: string; namespace?: string }; items?: unknown };
      if (kind?.endsWith('List') && Array.isArray(items)) return items.flatMap((item) => identity(item as typeof document));
      return apiVersion && kind ? identity({ apiVersion, kind, metadata }) : [];
    });
  } catch {
    return [];
  }
}

function identity(value: unknown): readonly ReportedObject[] {
  const { apiVersion, kind, metadata } = (value ?? {}) as { apiVersion?: string; kind?: string; metadata?: { name?: string; namespace?: string } };
  if (!apiVersion || !kind || !metadata?.name) return [];
  return [{ apiVersion, kind, name: metadata.name, ...(metadata.namespace ? { namespace: metadata.namespace } : {}) }];
}

/** Versions of a group are the same object. */
export const objectKey = ({ apiVersion = '', kind = '', namespace = '', name = '' }: ReportedObject): string => `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''} ${kind} ${namespace} ${name}`;
