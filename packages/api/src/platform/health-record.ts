import { freeObject, int64, object, oneOf, string, type Of } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { platformGroup } from './group.ts';

const healthData = object(
  'What was found.',
  {
    promiseRef: object('The Promise.', { name: string('Name of the Promise.') }, ['name']),
    resourceRef: object('The request.', { name: string('Name.'), namespace: string('Namespace.'), generation: int64('Generation.') }, ['name', 'namespace']),
    state: oneOf('How it is.', ['unknown', 'ready', 'unhealthy', 'healthy', 'degraded'], { default: 'unknown' }),
    lastRun: int64('When it was looked at: seconds since 1970.'),
    details: freeObject('Anything that helps to understand the state.'),
  },
  ['promiseRef', 'state'],
);
export interface HealthData extends Of<typeof healthData> {}

export const healthRecords = customKind({
  ...platformGroup,
  kind: 'HealthRecord',
  plural: 'healthrecords',
  namespaced: true,
  description: 'How a service that the platform made is doing, as somebody who looked at it says.',
  fields: { data: healthData },
  columns: [{ name: 'Status', type: 'string', description: 'How it is.', jsonPath: '.data.state' }, age],
});
export interface HealthRecord extends ObjectIn<typeof healthRecords> {}
