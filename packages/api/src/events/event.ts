import { int32, object, string, time } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { objectReference } from '../schema/meta.ts';
import { shortDuration } from '../core/pod-columns.ts';

export const events = builtinKind({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
  description: 'Something that happened to an object, for people to read; kept for a short time.',
  fields: {
    eventTime: time('When it was first seen.', { nullable: true }),
    series: object('Several of the same.', { count: int32('How many.'), lastObservedTime: time('When last.') }, ['count', 'lastObservedTime']),
    reportingController: string('Name of the controller.'),
    reportingInstance: string('Id of the controller instance.'),
    action: string('What was done or failed.'),
    reason: string('Why, in one word.'),
    regarding: objectReference,
    related: objectReference,
    note: string('What happened, for people.'),
    type: string('Normal or Warning.'),
    deprecatedSource: object('Who saw it.', { component: string('Component.'), host: string('Node.') }),
    deprecatedFirstTimestamp: time('When it was first seen.', { nullable: true }),
    deprecatedLastTimestamp: time('When it was last seen.', { nullable: true }),
    deprecatedCount: int32('How often it was seen.'),
  },
  required: ['eventTime'],
  shortNames: ['ev'],
  selectableFields: ['.reason', '.regarding.kind', '.regarding.namespace', '.regarding.name', '.regarding.uid', '.regarding.fieldPath', '.reportingController', '.type'],
  columns: [
    {
      name: 'Last Seen',
      type: 'string',
      description: 'Time since it was last seen.',
      value: (e, now) => {
        const at = e.series?.lastObservedTime ?? e.deprecatedLastTimestamp ?? e.eventTime;
        return at ? shortDuration(now - Date.parse(at)) : '<unknown>';
      },
    },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', jsonPath: '.type' },
    { name: 'Reason', type: 'string', description: 'Why.', jsonPath: '.reason' },
    { name: 'Object', type: 'string', description: 'The object.', value: (e) => `${(e.regarding?.kind ?? '').toLowerCase()}/${e.regarding?.name ?? ''}` },
    { name: 'Message', type: 'string', description: 'What happened.', value: (e) => (e.note ?? '').trim() },
    { name: 'Name', type: 'string', format: 'name', priority: 1, description: 'Name of the event itself.', jsonPath: '.metadata.name' },
  ],
});
export interface Event extends ObjectIn<typeof events> {}
