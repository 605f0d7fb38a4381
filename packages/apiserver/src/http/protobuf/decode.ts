import { badRequest, setMember, unsupportedMediaType } from '@plinth/apimachinery';
import messages from './messages.json' with { type: 'json' };
import { Reader } from './reader.ts';
import { special } from './special-messages.ts';

/**
 * A body in `application/vnd.kubernetes.protobuf` as the JSON value that it stands for. kubectl's typed commands
 * (`create namespace`, `scale`, `auth can-i` ...) send nothing else since 1.32 and do not fall back. We answer in JSON,
 * which they accept.
 *
 * The numbers of the fields are Kubernetes' own (`messages.json`, made by `tools/field-numbers.ts`); fields and kinds that
 * are not in it are dropped and refused.
 */
export function decodeProtobuf(bytes: Uint8Array): unknown {
  if (bytes.byteLength < 4 || MAGIC.some((byte, index) => bytes[index] !== byte)) throw badRequest('the body is no Kubernetes protobuf: it does not begin with "k8s"');
  try {
    const { apiVersion, kind, raw } = readEnvelope(new Reader(bytes.subarray(4)));
    const name = messageName(apiVersion, kind);
    if (!Object.hasOwn(messages, name)) throw unsupportedMediaType(`${kind} in ${apiVersion} is not understood as protobuf: send application/json`);
    return { apiVersion, kind, ...readMessage(new Reader(raw), name, 0) };
  } catch (error) {
    if (error instanceof RangeError) throw Object.assign(badRequest('the body is no valid protobuf: it ends early or is damaged'), { cause: error });
    throw error;
  }
}

const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const MAX_DEPTH = 64;

interface Envelope {
  apiVersion: string;
  kind: string;
  raw: Uint8Array;
}

/** `runtime.Unknown`. */
function readEnvelope(reader: Reader): Envelope {
  const envelope: Envelope = { apiVersion: '', kind: '', raw: new Uint8Array() };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag.field === 1) {
      const meta = new Reader(reader.bytes());
      for (let inner = meta.tag(); inner; inner = meta.tag()) {
        if (inner.field === 1) envelope.apiVersion = meta.text();
        else if (inner.field === 2) envelope.kind = meta.text();
        else meta.skip(inner.wire);
      }
    } else if (tag.field === 2) envelope.raw = reader.bytes();
    else reader.skip(tag.wire);
  }
  return envelope;
}

/** `rbac.authorization.k8s.io/v1` Role -> `rbac.v1.Role`. */
function messageName(apiVersion: string, kind: string): string {
  if (kind === 'DeleteOptions') return 'meta.v1.DeleteOptions';
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['core', apiVersion];
  return `${group!.split('.', 1)[0]}.${version}.${kind}`;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly inline: boolean;
  readonly dropZero: boolean;
}

const parsed = new Map<string, ReadonlyMap<number, Field>>();

function fieldsOf(message: string): ReadonlyMap<number, Field> {
  let fields = parsed.get(message);
  if (!fields) {
    const lines = Object.hasOwn(messages, message) ? (messages as Readonly<Record<string, readonly string[]>>)[message]! : [];
    fields = new Map(
      lines.map((line) => {
        const [number, name = '', type = '', flags = ''] = line.split(' ');
        return [Number(number), { name, type, repeated: flags.includes('r'), map: flags.includes('m'), inline: flags.includes('n'), dropZero: flags.includes('z') }];
      }),
    );
    parsed.set(message, fields);
  }
  return fields;
}

function readMessage(reader: Reader, message: string, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw badRequest(`the body is nested more than ${MAX_DEPTH} levels deep`);
  const fields = fieldsOf(message);
  const result: Record<string, unknown> = {};
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    const field = fields.get(tag.field);
    if (!field) {
      reader.skip(tag.wire);
    } else if (field.map) {
      const [key, value] = readMapEntry(new Reader(reader.bytes()), field, depth);
      setMember((result[field.name] ??= {}) as Record<string, unknown>, key, value);
    } else if (field.repeated && tag.wire === PACKED && field.type === 'i') {
      const packed = new Reader(reader.bytes());
      const list = (result[field.name] ??= []) as unknown[];
      while (!packed.done) list.push(packed.integer());
    } else if (field.repeated) {
      ((result[field.name] ??= []) as unknown[]).push(readValue(reader, field, depth));
    } else {
      const value = readValue(reader, field, depth);
      if (field.inline) Object.assign(result, value);
      else if (!(field.dropZero && isZero(value))) result[field.name] = value;
    }
  }
  return result;
}

const PACKED = 2;

function readMapEntry(reader: Reader, field: Field, depth: number): readonly [string, unknown] {
  let key = '';
  let value: unknown = field.type === 's' || field.type === 'b' ? '' : field.type === 'i' ? 0 : {};
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag.field === 1) key = reader.text();
    else if (tag.field === 2) value = readValue(reader, field, depth);
    else reader.skip(tag.wire);
  }
  return [key, value];
}

function readValue(reader: Reader, { type }: Field, depth: number): unknown {
  switch (type) {
    case 's':
      return reader.text();
    case 'b':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'i':
      return reader.integer();
    case 'o':
      return reader.integer() !== 0;
    case 'd':
      return reader.double();
    default: {
      const inner = new Reader(reader.bytes());
      return Object.hasOwn(special, type) ? special[type]!(inner) : readMessage(inner, type, depth + 1);
    }
  }
}

/** What Go leaves out of JSON: a field that is no pointer and holds nothing. */
const isZero = (value: unknown): boolean =>
  value === '' || value === 0 || value === false || value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
