import { schemaNameOf, type JsonSchema } from '@plinth/api';

/**
 * Schemas with a name of their own (PodSpec, ObjectMeta ...) are written once and referred to, or a document would hold the
 * pod's schema eight times.
 */
export class Definitions {
  readonly schemas: Record<string, unknown> = {};
  readonly #prefix: string;
  readonly #adapt: (schema: Record<string, unknown>) => Record<string, unknown>;

  /** `prefix`: `#/definitions/`. `adapt` makes one schema fit for the version of OpenAPI; its members are done already. */
  constructor(prefix: string, adapt: (schema: Record<string, unknown>) => Record<string, unknown> = (schema) => schema) {
    this.#prefix = prefix;
    this.#adapt = adapt;
  }

  /** Adds a schema under a name, with everything that it refers to. */
  add(name: string, schema: JsonSchema): void {
    this.schemas[name] = this.#body(schema);
  }

  #child(schema: unknown): unknown {
    if (typeof schema !== 'object' || schema === null) return schema;
    const name = schemaNameOf(schema);
    if (name === undefined) return this.#body(schema as JsonSchema);
    if (!Object.hasOwn(this.schemas, name)) {
      // First the name, in case the schema refers to itself.
      this.schemas[name] = {};
      this.schemas[name] = this.#body(schema as JsonSchema);
    }
    return { $ref: this.#prefix + name };
  }

  #body(schema: JsonSchema): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(schema as Readonly<Record<string, unknown>>)) {
      if (value === undefined || key.startsWith('~')) continue;
      if (key === 'properties') result[key] = Object.fromEntries(Object.entries(value as object).map(([name, property]) => [name, this.#child(property)]));
      else if (key === 'items' || key === 'additionalProperties' || key === 'not') result[key] = this.#child(value);
      else if (key === 'allOf' || key === 'anyOf' || key === 'oneOf') result[key] = (value as readonly unknown[]).map((part) => this.#child(part));
      else result[key] = value;
    }
    return this.#adapt(result);
  }
}
