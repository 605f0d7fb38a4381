import type { JsonSchema } from '@plinth/api';
import type { Strategy } from '../registry/strategy.ts';

/** Checks beyond the schema's own words (`x-kubernetes-validations`). Undefined: there are none. */
export function extraCheck(_schema: JsonSchema): Strategy['validate'] {
  return undefined;
}
