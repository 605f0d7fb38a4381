import Type, { type TUnsafe } from 'typebox';
import type { JsonSchema } from './json-schema.ts';

/**
 * The vocabulary in which every kind is declared: one call per field gives its schema and, as `T`, its static type.
 *
 * The values are TypeBox schemas (`Static` works on them) of the plain form, so what a declaration holds is already
 * the JSON that the OpenAPI document and the CRD show. TypeBox's own `Type.Object` and `Type.Union` are not used:
 * Kubernetes wants optional as the default, `enum` in place of `anyOf`, and everything readonly.
 */
export type Field<T> = TUnsafe<T>;

/** The static type of a field or object declaration. */
export type Of<F> = F extends TUnsafe<infer T> ? T : never;

/** A quantity such as `100m`, `1Gi` or, as YAML reads it, the number `2`. */
export type Quantity = string | number;

export type IntOrString = number | string;

type Extra = Omit<JsonSchema, 'description' | 'type' | 'properties' | 'items'>;

/** Any schema as a field with a static type that only the caller knows. */
export const field = <T>(schema: JsonSchema): Field<T> => Type.Unsafe<T>({ ...schema });

/** The schema of a field as plain JSON. */
export const schemaOf = (declared: Field<unknown>): JsonSchema => declared as JsonSchema;

export const string = (description: string, extra: Extra = {}): Field<string> =>
  field({ type: 'string', description, ...extra });

/** A string that must be one of `values`. */
export const oneOf = <const V extends readonly string[]>(
  description: string,
  values: V,
  extra: Extra = {},
): Field<V[number]> => field({ type: 'string', description, enum: values, ...extra });

/** A string whose known values are `V`, for completion; others are accepted (Kubernetes adds values over time). */
export const known = <V extends string>(description: string, extra: Extra = {}): Field<V | (string & {})> =>
  field({ type: 'string', description, ...extra });

export const int32 = (description: string, extra: Extra = {}): Field<number> =>
  field({ type: 'integer', format: 'int32', description, ...extra });

export const int64 = (description: string, extra: Extra = {}): Field<number> =>
  field({ type: 'integer', format: 'int64', description, ...extra });

export const boolean = (description: string, extra: Extra = {}): Field<boolean> =>
  field({ type: 'boolean', description, ...extra });

/** RFC 3339 time. */
export const time = (description: string, extra: Extra = {}): Field<string> =>
  field({ type: 'string', format: 'date-time', description, ...extra });

/** Base64 of bytes. */
export const bytes = (description: string): Field<string> => field({ type: 'string', format: 'byte', description });

export const intOrString = (description: string, extra: Extra = {}): Field<IntOrString> =>
  field({ description, 'x-kubernetes-int-or-string': true, ...extra });

export const quantity = (description: string): Field<Quantity> =>
  field({ description, 'x-kubernetes-int-or-string': true });

export const map = <V>(description: string, value: Field<V>, extra: Extra = {}): Field<Readonly<Record<string, V>>> =>
  field({ type: 'object', description, additionalProperties: schemaOf(value), ...extra });

/** `additionalProperties: string`. */
export const stringMap = (description: string, extra: Extra = {}): Field<Readonly<Record<string, string>>> =>
  map(description, field<string>({ type: 'string' }), extra);

export const quantityMap = (description: string): Field<Readonly<Record<string, Quantity>>> =>
  map(description, field<Quantity>({ 'x-kubernetes-int-or-string': true }));

/** A list that is replaced as a whole. */
export const list = <V>(description: string, items: Field<V>, extra: Extra = {}): Field<readonly V[]> =>
  field({ type: 'array', description, items: schemaOf(items), 'x-kubernetes-list-type': 'atomic', ...extra });

export const stringList = (description: string, extra: Extra = {}): Field<readonly string[]> =>
  list(description, field<string>({ type: 'string' }), extra);

/** A list of scalars without duplicates, merged item by item. */
export const set = <V>(description: string, items: Field<V>, extra: Extra = {}): Field<readonly V[]> =>
  field({
    type: 'array',
    description,
    items: schemaOf(items),
    'x-kubernetes-list-type': 'set',
    'x-kubernetes-patch-strategy': 'merge',
    ...extra,
  });

/**
 * A list whose items are told apart by `keys`. Server-side apply merges by all of them; a strategic merge patch by
 * `extra['x-kubernetes-patch-merge-key']`, which is the first of them unless told otherwise.
 */
export const listMap = <V extends object>(
  description: string,
  keys: readonly [keyof V & string, ...(keyof V & string)[]],
  items: Field<V>,
  extra: Extra = {},
): Field<readonly V[]> =>
  field({
    type: 'array',
    description,
    items: schemaOf(items),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': keys[0],
    ...extra,
  });

/** Any object; unknown fields are kept. */
export const freeObject = (description: string, extra: Extra = {}): Field<Readonly<Record<string, unknown>>> =>
  field({ type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true, ...extra });

/** Any JSON value; unknown fields are kept. */
export const anything = (description: string): Field<unknown> =>
  field({ description, 'x-kubernetes-preserve-unknown-fields': true });

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The static type of an object with `F`, of which `R` are required. */
export type ObjectOf<F extends Fields, R extends keyof F> = { readonly [K in R]: Of<F[K]> } & {
  readonly [K in Exclude<keyof F, R>]?: Of<F[K]>;
};

/** An object. Fields are optional unless `required` names them. */
export function object<F extends Fields, const R extends keyof F & string = never>(
  description: string,
  fields: F,
  required: readonly R[] = [],
  extra: Extra = {},
): Field<ObjectOf<F, R>> {
  return field({
    type: 'object',
    description,
    properties: fields as unknown as Readonly<Record<string, JsonSchema>>,
    ...(required.length > 0 ? { required } : {}),
    ...extra,
  });
}

const names = new WeakMap<object, string>();

/** Gives a shared declaration the name under which an OpenAPI document may refer to it. Returns the same value. */
export function named<F extends Field<unknown>>(name: string, declared: F): F {
  names.set(declared, name);
  return declared;
}

/** `io.k8s.api.core.v1.PodSpec` for a schema made by {@link named}; undefined for others. By identity. */
export const schemaNameOf = (schema: object): string | undefined => names.get(schema);

/** The same declaration under another description. */
export const described = <T>(description: string, declared: Field<T>, extra: Extra = {}): Field<T> =>
  field({ ...schemaOf(declared), description, ...extra });
