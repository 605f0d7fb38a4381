import { int32, object, string, time } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { objectReference } from '../schema/meta.ts';
import { shortDuration } from './pod-columns.ts';

const eventSource = object('Who saw it.', { component: string('Component.'), host: string('Node.') });
const series = object('Several of the same.', { count: int32('How many.'), lastObservedTime: time('When last.') });

export const coreEvents = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  description: 'Something that happened to an object, for people to read; kept for a short time.',
  fields: {
    involvedObject: objectReference,
    reason: string('What happened, in one word.'),
    message: string('What happened, for people.'),
    type: string('Normal or Warning.'),
    source: eventSource,
    firstTimestamp: time('When it was first seen.', { nullable: true }),
    lastTimestamp: time('When it was last seen.', { nullable: true }),
    count: int32('How often it was seen.'),
    eventTime: time('When it was first seen, with microseconds.', { nullable: true }),
    series,
    action: string('What was done or failed.'),
    related: objectReference,
    reportingComponent: string('Name of the controller.', { default: '' }),
    reportingInstance: string('Id of the controller instance.', { default: '' }),
  },
  required: ['involvedObject'],
  shortNames: ['ev'],
  selectableFields: [
    '.involvedObject.kind', '.involvedObject.namespace', '.involvedObject.name', '.involvedObject.uid', '.involvedObject.apiVersion',
    '.involvedObject.resourceVersion', '.involvedObject.fieldPath', '.reason', '.reportingComponent', '.source', '.type',
  ],
  columns: [
    {
      name: 'Last Seen',
      type: 'string',
      description: 'Time since it was last seen.',
      value: (e, now) => since(e.series?.lastObservedTime ?? e.lastTimestamp ?? e.firstTimestamp ?? e.eventTime, now),
    },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', jsonPath: '.type' },
    { name: 'Reason', type: 'string', description: 'What happened, in one word.', jsonPath: '.reason' },
    {
      name: 'Object',
      type: 'string',
      description: 'The object it happened to.',
      value: (e) => `${(e.involvedObject.kind ?? '').toLowerCase()}/${e.involvedObject.name ?? ''}`,
    },
    { name: 'Subobject', type: 'string', priority: 1, description: 'Part of the object.', jsonPath: '.involvedObject.fieldPath' },
    {
      name: 'Source',
      type: 'string',
      priority: 1,
      description: 'Who saw it.',
      value: (e) => [e.source?.component || e.reportingComponent, e.source?.host].filter(Boolean).join(', '),
    },
    { name: 'Message', type: 'string', description: 'What happened, for people.', value: (e) => (e.message ?? '').trim() },
    { name: 'First Seen', type: 'string', priority: 1, description: 'Time since it was first seen.', value: (e, now) => since(e.firstTimestamp ?? e.eventTime, now) },
    { name: 'Count', type: 'string', priority: 1, description: 'How often it was seen.', value: (e) => String(e.series?.count ?? (e.count || 1)) },
    { name: 'Name', type: 'string', format: 'name', priority: 1, description: 'Name of the event itself.', jsonPath: '.metadata.name' },
  ],
});
/** An event of the core group; `Event` is that of `events.k8s.io`. */
export interface CoreEvent extends ObjectIn<typeof coreEvents> {}

const since = (at: string | undefined | null, now: number): string =>
  at ? shortDuration(now - Date.parse(at)) : '<unknown>';
