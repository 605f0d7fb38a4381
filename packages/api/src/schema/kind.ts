import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import { schemaOf, type Fields, type ObjectOf } from './fields.ts';
import type { JsonSchema } from './json-schema.ts';
import { objectMeta } from './meta.ts';

export type Cell = string | number | boolean | null | undefined;

/** One column of `kubectl get`. `date` cells hold a time and are shown as an age. */
export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
  /** Where the value is. Exactly one of `jsonPath` and `value` is there; CRD kinds have only `jsonPath`. */
  readonly jsonPath?: string;
  /** For what a path cannot say, such as a pod's STATUS. `now` is the server's clock in ms. */
  value?(object: T, now: number): Cell;
}

export interface Subresources {
  readonly status?: boolean;
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath?: string;
  };
}

/**
 * Everything there is to know about a kind. It is an `ApiResource`, so a client takes it as it is.
 * `T` is the static type of its objects (see {@link ObjectIn}).
 */
export interface Kind<T extends KubeObject = KubeObject> extends ApiResource {
  readonly listKind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: Subresources;
  /** Without NAME (always first). Absent: NAME and AGE. */
  readonly columns?: readonly Column<T>[];
  /** Of the whole object, with apiVersion, kind and metadata. */
  readonly schema: JsonSchema;
  /** Absent: create, delete, deletecollection, get, list, patch, update, watch. */
  readonly verbs?: readonly string[];
  /** Paths usable in a field selector besides metadata.name and metadata.namespace, with a leading dot. */
  readonly selectableFields?: readonly string[];
  /** Objects of this kind are only sent to a subresource of another kind: `serviceaccounts/token`. */
  readonly subresourceOf?: { readonly plural: string; readonly name: string };
  /** Kept in the server's code; the others come from a CRD. */
  readonly builtin: boolean;
  /** Only in types. */
  readonly '~object'?: T;
}

/** The static type of the objects of a kind: `ObjectIn<typeof pods>`. */
export type ObjectIn<K> = K extends { readonly '~object'?: infer T extends KubeObject } ? T : never;

export interface KindDeclaration<F extends Fields, R extends keyof F & string> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly description: string;
  readonly fields: F;
  readonly required?: readonly R[];
  readonly listKind?: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: Subresources;
  readonly columns?: readonly Column<KubeObject & ObjectOf<F, R>>[];
  readonly verbs?: readonly string[];
  readonly selectableFields?: readonly string[];
  readonly subresourceOf?: { readonly plural: string; readonly name: string };
}

/** Declares a kind that the server has built in. */
export function builtinKind<F extends Fields, const R extends keyof F & string = never>(
  declaration: KindDeclaration<F, R>,
): Kind<KubeObject & ObjectOf<F, R>> {
  return kindOf(declaration, true);
}

/** Declares a kind that comes as a CRD (see `crdOf`). */
export function customKind<F extends Fields, const R extends keyof F & string = never>(
  declaration: KindDeclaration<F, R>,
): Kind<KubeObject & ObjectOf<F, R>> {
  return kindOf(declaration, false);
}

function kindOf<F extends Fields, R extends keyof F & string>(
  declaration: KindDeclaration<F, R>,
  builtin: boolean,
): Kind<KubeObject & ObjectOf<F, R>> {
  const { description, fields, required, ...rest } = declaration;
  return {
    listKind: `${declaration.kind}List`,
    singular: declaration.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    subresources: {},
    ...rest,
    builtin,
    schema: {
      type: 'object',
      description,
      properties: {
        apiVersion: { type: 'string', description: 'Group and version of the schema that this object is written in.' },
        kind: { type: 'string', description: 'What this object is, in CamelCase. Cannot be changed.' },
        metadata: builtin ? schemaOf(objectMeta) : { type: 'object' },
        ...(fields as unknown as Readonly<Record<string, JsonSchema>>),
      },
      ...(required && required.length > 0 ? { required } : {}),
      'x-kubernetes-group-version-kind': [
        { group: declaration.group, version: declaration.version, kind: declaration.kind },
      ],
    },
  };
}
