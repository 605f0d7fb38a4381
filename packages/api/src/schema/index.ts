/**
 * What other rooms need of the declarations. The vocabulary (`fields.ts`) stays inside: its names (`string`, `map`,
 * `list`) mean something only while one declares a kind.
 */
export type { JsonSchema } from './json-schema.ts';
export { schemaNameOf, type IntOrString, type Quantity } from './fields.ts';
export type { Cell, Column, Kind, ObjectIn, Subresources } from './kind.ts';
export {
  objectMeta,
  type Condition,
  type LabelSelector,
  type LooseCondition,
  type ObjectReference,
} from './meta.ts';
