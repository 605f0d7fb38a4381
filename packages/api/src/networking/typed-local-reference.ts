import { object, string } from '../schema/fields.ts';

/** Another object of the same namespace. */
export const typedLocalReference = object(
  'An object of the same namespace that the controller knows.',
  { apiGroup: string('Group of the object; the core group when absent.'), kind: string('Its kind.'), name: string('Its name.') },
  ['kind', 'name'],
);
