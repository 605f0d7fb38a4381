import { createHash } from 'node:crypto';
import { apiVersionOf } from '@plinth/apimachinery';
import type { JsonSchema } from '@plinth/api';
import type { Core } from '../core.ts';
import type { Registry } from '../registry/registry.ts';
import type { Served } from '../registry/served.ts';
import type { Reply } from '../reply.ts';
import { Definitions } from './definitions.ts';
import { encodeOpenApiV2 } from './openapi-v2-protobuf.ts';

/**
 * The OpenAPI documents: v3 with one document per group and version, and v2 with everything. Made when first asked for
 * and kept until the registry changes.
 */
export function openApiV3Index(core: Core): Reply {
  const paths: Record<string, unknown> = {};
  for (const apiVersion of new Set(core.registry.all().map((served) => served.apiVersion))) {
    const path = pathOf(apiVersion);
    const { etag } = document(core.registry, path)!;
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${etag}` };
  }
  return { type: 'value', status: 200, value: { paths } };
}

/** `path`: `api/v1`, `apis/apps/v1`. */
export function openApiV3(core: Core, path: string): Reply | undefined {
  const found = document(core.registry, path);
  return found && { type: 'bytes', bytes: found.bytes, contentType: 'application/json', etag: found.etag };
}

/** kubectl takes this one as protobuf only. It asks with an @ in the media type, which no Content-Type may have. */
export function openApiV2(core: Core, accept: string): Reply {
  const kinds = core.registry.all();
  if (accept.includes('com.github.proto-openapi.spec.v2')) {
    const { bytes, etag } = keep(core.registry, 'v2.pb', kinds, (all) => encodeOpenApiV2(v2(all)));
    return { type: 'bytes', bytes, contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf', etag };
  }
  const { bytes, etag } = keep(core.registry, 'v2', kinds, v2);
  return { type: 'bytes', bytes, contentType: 'application/json', etag };
}

const pathOf = (apiVersion: string): string => (apiVersion.includes('/') ? `apis/${apiVersion}` : `api/${apiVersion}`);

interface Kept {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

interface KeptFor extends Kept {
  readonly kinds: readonly Served[];
}

const kept = new WeakMap<Registry, Map<string, KeptFor>>();

/** A document is good for as long as it is about the very same kinds: a new CRD leaves all others alone. */
function keep(registry: Registry, id: string, kinds: readonly Served[], make: (kinds: readonly Served[]) => unknown): Kept {
  let documents = kept.get(registry);
  if (!documents) kept.set(registry, (documents = new Map()));
  const known = documents.get(id);
  if (known && known.kinds.length === kinds.length && known.kinds.every((kind, index) => kind === kinds[index])) return known;
  const content = make(kinds);
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
  const etag = createHash('sha256').update(bytes).digest('hex').toUpperCase();
  const made = { bytes, etag, kinds };
  documents.set(id, made);
  return made;
}

function document(registry: Registry, path: string): Kept | undefined {
  const kinds = registry.all().filter((served) => pathOf(served.apiVersion) === path);
  return kinds.length === 0 ? undefined : keep(registry, path, kinds, v3);
}

const info = { title: 'Plinth', version: 'v1.34.0' };

function v3(kinds: readonly Served[]): unknown {
  const definitions = new Definitions('#/components/schemas/');
  const paths = describe(kinds, definitions, '#/components/schemas/', true);
  return { openapi: '3.0.0', info, paths, components: { schemas: definitions.schemas } };
}

function v2(kinds: readonly Served[]): unknown {
  const definitions = new Definitions('#/definitions/', forV2);
  const paths = describe(kinds, definitions, '#/definitions/', false);
  return { swagger: '2.0', info, paths, definitions: definitions.schemas };
}

function describe(kinds: readonly Served[], definitions: Definitions, prefix: string, isV3: boolean): unknown {
  const paths: Record<string, unknown> = {};
  for (const served of kinds) {
    const name = definitionName(served);
    definitions.add(name, schemaOf(served));
    definitions.schemas[`${name}List`] = listSchema(served, prefix + name);
    Object.assign(paths, pathsOf(served, { $ref: prefix + name }, isV3));
  }
  return paths;
}

/** `io.k8s.api.apps.v1.Deployment`; groups with dots the other way round: `io.kratix.platform.v1alpha1.Promise`. */
function definitionName({ kind: { group, version, kind } }: Served): string {
  if (!group.includes('.')) return `io.k8s.api.${group || 'core'}.${version}.${kind}`;
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

const gvk = ({ kind: { group, version, kind } }: Served): { group: string; version: string; kind: string } => ({ group, version, kind });

const schemaOf = (served: Served): JsonSchema => ({ ...served.kind.schema, 'x-kubernetes-group-version-kind': [gvk(served)] });

function listSchema(served: Served, ref: string): unknown {
  return {
    type: 'object',
    description: `A list of ${served.kind.kind}.`,
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: { $ref: ref } },
      kind: { type: 'string' },
      metadata: { type: 'object' },
    },
    'x-kubernetes-group-version-kind': [{ ...gvk(served), kind: served.kind.listKind }],
  };
}

/** What clients look up here: which kind a path serves, and that it takes `fieldValidation` and `dryRun`. */
function pathsOf(served: Served, schema: unknown, v3: boolean): Record<string, unknown> {
  const { plural, namespaced } = served.kind;
  const apiVersion = apiVersionOf(served.kind);
  const root = `/${pathOf(apiVersion)}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
  const ofKind = (action: string): Record<string, unknown> => ({ 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': gvk(served) });
  const parameter = (name: string, description: string): unknown =>
    v3 ? { name, in: 'query', description, schema: { type: 'string', uniqueItems: true } } : { name, in: 'query', description, type: 'string', uniqueItems: true };
  const ok = { 200: v3 ? { description: 'OK', content: { 'application/json': { schema } } } : { description: 'OK', schema } };
  const write = [
    parameter('dryRun', '`All`: goes through every check and stores nothing.'),
    parameter('fieldManager', 'Name under which the fields that change are recorded.'),
    parameter('fieldValidation', 'What to do about fields that the schema does not know: Ignore, Warn or Strict.'),
  ];
  const body = v3 ? { requestBody: { content: { '*/*': { schema } } } } : {};
  const names = v3 ? [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }] : [{ name: 'name', in: 'path', required: true, type: 'string' }];
  return {
    [root]: {
      get: { ...ofKind('list'), parameters: [], responses: ok },
      post: { ...ofKind('post'), parameters: write, ...body, responses: ok },
    },
    [`${root}/{name}`]: {
      get: { ...ofKind('get'), parameters: [], responses: ok },
      put: { ...ofKind('put'), parameters: write, ...body, responses: ok },
      patch: { ...ofKind('patch'), parameters: [...write, parameter('force', 'Apply only: take fields over.')], ...body, responses: ok },
      delete: { ...ofKind('delete'), parameters: write.slice(0, 1), responses: ok },
      parameters: names,
    },
  };
}

/** Swagger 2 knows neither `oneOf` and its like nor `nullable`, and calls what may be a number or a text a text. */
function forV2(schema: Record<string, unknown>): Record<string, unknown> {
  const { oneOf: _one, anyOf: _any, allOf: _all, not: _not, nullable: _nullable, ...rest } = schema;
  // A list without a type for its items, or an object that may hold anything, says nothing there.
  if (rest['x-kubernetes-int-or-string'] === true) return { ...rest, type: 'string', format: 'int-or-string' };
  if (rest['type'] === 'array' && rest['items'] === undefined) return { ...rest, items: { type: 'object' } };
  if (rest['x-kubernetes-preserve-unknown-fields'] === true && rest['properties'] === undefined) {
    const { type: _type, ...free } = rest;
    return free;
  }
  return rest;
}
