/**
 * The subset of OpenAPI v3 in which the fields of a kind are declared, as in `openAPIV3Schema` of a CRD. The extensions
 * say how lists and maps merge (server-side apply, strategic merge patch) and where unknown fields may stay.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
export interface Schema {
  readonly type?: SchemaType | (string & {});
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly example?: unknown;

  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;

  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;

  readonly enum?: readonly unknown[];
  /** RE2; matches anywhere in the value. */
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;

  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;

  /** Unknown fields stay; those that are declared are still checked and pruned inside. */
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  /** The value is a whole object with `apiVersion`, `kind` and `metadata`. */
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map' | (string & {});
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'granular' | 'atomic' | (string & {});
  /** Strategic merge patch: comma-separated `merge`, `replace`, `retainKeys`. */
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  /** CEL rules. Kept and shown, not evaluated. */
  readonly 'x-kubernetes-validations'?: readonly unknown[];
  readonly 'x-kubernetes-group-version-kind'?: readonly unknown[];
}

export type SchemaType = 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';

/** The schema of one member of an object: declared by name, else what `additionalProperties` says. */
export function memberSchema(schema: Schema, key: string): Schema | undefined {
  const { properties, additionalProperties } = schema;
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
