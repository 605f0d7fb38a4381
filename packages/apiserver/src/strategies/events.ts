import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Kind } from '@plinth/api';
import { serve, type Served } from '../registry/served.ts';
import type { Strategy } from '../registry/strategy.ts';

const eventNames: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  reportingComponent: 'reportingController',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
};
const coreNames: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(eventNames).map(([core, event]) => [event, core]));

/** `events.k8s.io` shows the same stored objects as the core group's events, under newer names. */
export function serveNewEvents(kind: Kind, strategy: Strategy): Served {
  const apiVersion = `${kind.group}/${kind.version}`;
  return serve(kind, strategy, {
    storage: { group: '', version: 'v1', plural: 'events' },
    read: (stored) => renamed(stored, eventNames, apiVersion),
    write: (shown) => renamed(shown, coreNames, 'v1'),
  });
}

function renamed(object: UnstructuredObject, names: Readonly<Record<string, string>>, apiVersion: string): UnstructuredObject {
  const { metadata, kind } = object;
  const result: Record<string, unknown> = { apiVersion, kind, metadata };
  for (const [key, value] of Object.entries(object)) {
    if (key === 'apiVersion' || key === 'kind' || key === 'metadata') continue;
    result[Object.hasOwn(names, key) ? names[key]! : key] = value;
  }
  return result as unknown as UnstructuredObject;
}
