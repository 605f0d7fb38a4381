import type { PlatformPromise, Work } from '@plinth/api';
import { parseApiVersion, parseYamlDocuments } from '@plinth/apimachinery';
import { LABELS } from '../naming/labels.ts';
import { apiOf } from '../promise/api.ts';
import { filesOf } from './compare-works.ts';

/** A request of another Promise in the output of a compound one. */
export interface Component {
  readonly promise: string;
  readonly name: string;
  readonly namespace: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** More than these of one dry run are not rehearsed. */
export const MAX_COMPONENTS = 50;

/** The requests that the output asks for: labelled with their parent, of a kind that a Promise offers (contract, section 7.6). */
export function findComponents(works: readonly Work[], promises: readonly PlatformPromise[], namespace: string): readonly Component[] {
  const found = new Map<string, Component>();
  for (const { path, text } of works.flatMap(filesOf)) {
    if (!/\.(ya?ml|json)$/.test(path) || !text.includes(LABELS.parentResourceName)) continue;
    for (const document of documentsOf(text)) {
      const component = componentOf(document, promises, namespace);
      if (component) found.set(`${component.promise}/${component.namespace}/${component.name}`, component);
    }
  }
  return [...found.values()].slice(0, MAX_COMPONENTS);
}

/** A file that is no YAML is no request either. */
function documentsOf(text: string): readonly unknown[] {
  try {
    return parseYamlDocuments(text);
  } catch {
    return [];
  }
}

function componentOf(document: unknown, promises: readonly PlatformPromise[], namespace: string): Component | undefined {
  if (!isMapping(document) || !isMapping(document['metadata'])) return undefined;
  const { apiVersion, kind, metadata, spec } = document;
  const labels = metadata['labels'];
  if (!isMapping(labels) || !labels[LABELS.parentResourceName] || typeof metadata['name'] !== 'string' || typeof apiVersion !== 'string') return undefined;
  const { group, version } = parseApiVersion(apiVersion);
  const promise = promises.find((one) => {
    const api = apiOf(one)?.spec;
    return api?.group === group && api.names.kind === kind && api.versions.some(({ name }) => name === version);
  });
  return promise && { promise: promise.metadata.name, name: metadata['name'], namespace: typeof metadata['namespace'] === 'string' ? metadata['namespace'] : namespace, spec: isMapping(spec) ? spec : {} };
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
