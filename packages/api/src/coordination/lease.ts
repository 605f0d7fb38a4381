import { int32, object, string, time } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';

export const leases = builtinKind({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  description: 'Says who holds something, and until when.',
  fields: {
    spec: object('The hold.', {
      holderIdentity: string('Who holds it.'),
      leaseDurationSeconds: int32('Seconds after the last renewal that others must wait.'),
      acquireTime: time('When it was taken.', { nullable: true }),
      renewTime: time('When it was last renewed.', { nullable: true }),
      leaseTransitions: int32('How often it changed hands.'),
      strategy: string('How the next holder is chosen.'),
      preferredHolder: string('Who should hold it.'),
    }),
  },
  columns: [{ name: 'Holder', type: 'string', description: 'Who holds it.', jsonPath: '.spec.holderIdentity' }, age],
});
export interface Lease extends ObjectIn<typeof leases> {}
