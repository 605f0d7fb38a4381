import { freeObject, int64 } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';

export const controllerRevisions = builtinKind({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  namespaced: true,
  description: 'A template that a StatefulSet had, kept for going back.',
  fields: { data: freeObject('The template.'), revision: int64('Number of the revision.') },
  required: ['revision'],
  columns: [
    {
      name: 'Controller',
      type: 'string',
      description: 'Who owns the revision.',
      value: (r) => {
        const owner = r.metadata.ownerReferences?.find((o) => o.controller);
        return owner ? `${owner.kind.toLowerCase()}.${owner.apiVersion.split('/')[0]}/${owner.name}` : '<none>';
      },
    },
    { name: 'Revision', type: 'integer', description: 'Number of the revision.', jsonPath: '.revision' },
    age,
  ],
});
export interface ControllerRevision extends ObjectIn<typeof controllerRevisions> {}
