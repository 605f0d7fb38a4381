import { isJsonObject } from '@plinth/apimachinery';
import { ProtobufWriter, type Message } from './protobuf-writer.ts';

/**
 * A Swagger 2 document as the protobuf of gnostic (`openapi.v2.Document`). kubectl validates lists, and objects whose kind is
 * made by the same command, with this document, and asks for it in no other form.
 * Source of the numbers: github.com/google/gnostic-models, openapiv2/OpenAPIv2.proto.
 */
export function encodeOpenApiV2(document: unknown): Uint8Array {
  const { info, paths, definitions } = members(document);
  return new ProtobufWriter()
    .text(1, '2.0')
    .message(2, (out) => out.text(1, text(members(info)['title'])).text(2, text(members(info)['version'])))
    .message(8, (out) => each(paths, (path, item) => out.message(2, (named) => named.text(1, path).message(2, pathItem(item)))))
    .message(9, (out) => each(definitions, (name, schema) => out.message(1, namedSchema(name, schema))))
    .bytes();
}

type Members = Readonly<Record<string, unknown>>;
const members = (value: unknown): Members => (isJsonObject(value) ? value : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const each = (value: unknown, visit: (key: string, member: unknown) => void): void => Object.entries(members(value)).forEach(([key, member]) => visit(key, member));

const operations = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

const pathItem =
  (item: unknown): Message =>
  (out) => {
    for (const [method, number] of Object.entries(operations)) {
      const operation = members(item)[method];
      if (operation !== undefined) out.message(number, operationOf(members(operation)));
    }
  };

const operationOf =
  (operation: Members): Message =>
  (out) => {
    for (const parameter of list(operation['parameters'])) {
      const { name, description } = members(parameter);
      // ParametersItem, Parameter, NonBodyParameter, QueryParameterSubSchema.
      const query: Message = (sub) => sub.text(2, 'query').text(3, text(description)).text(4, text(name)).text(6, 'string');
      out.message(8, (item) => item.message(1, (one) => one.message(2, (other) => other.message(3, query))));
    }
    extensions(out, 13, operation);
  };

const namedSchema =
  (name: string, schema: unknown): Message =>
  (out) =>
    out.text(1, name).message(2, schemaOf(members(schema)));

const schemaOf =
  (schema: Members): Message =>
  (out) => {
    out.text(1, text(schema['$ref'])).text(2, text(schema['format'])).text(4, text(schema['description'])).text(13, text(schema['pattern']));
    for (const required of list(schema['required'])) out.text(19, text(required));
    const additional = schema['additionalProperties'];
    if (isJsonObject(additional)) out.message(21, (item) => item.message(1, schemaOf(additional)));
    if (typeof schema['type'] === 'string') out.message(22, (item) => item.text(1, text(schema['type'])));
    if (isJsonObject(schema['items'])) out.message(23, (item) => item.message(1, schemaOf(members(schema['items']))));
    if (isJsonObject(schema['properties'])) {
      out.message(25, (properties) => each(schema['properties'], (name, property) => properties.message(1, namedSchema(name, property))));
    }
    extensions(out, 31, schema);
  };

/** NamedAny with the value as YAML, of which JSON is a part. */
function extensions(out: ProtobufWriter, number: number, owner: Members): void {
  each(owner, (key, value) => {
    if (key.startsWith('x-')) out.message(number, (named) => named.text(1, key).message(2, (any) => any.text(2, JSON.stringify(value))));
  });
}
