import { deepEqual, fieldInvalid } from '@plinth/apimachinery';
import type { Strategy } from '../registry/strategy.ts';

/** A binding gives one role for good: to give another, it is deleted and made anew. */
export const bindingStrategy: Partial<Strategy> = {
  validate: (binding, old) => (old && !deepEqual(binding['roleRef'], old['roleRef']) ? [fieldInvalid('roleRef', binding['roleRef'], 'cannot change roleRef')] : []),
};
