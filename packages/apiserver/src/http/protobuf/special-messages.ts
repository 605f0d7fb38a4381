import type { Reader } from './reader.ts';

/** Messages that are no objects in JSON. */
export const special: Readonly<Record<string, (reader: Reader) => unknown>> = {
  'meta.v1.Time': (reader) => timeOf(reader, 0),
  'meta.v1.MicroTime': (reader) => timeOf(reader, 6),
  'meta.v1.Duration': (reader) => `${(fieldsOf(reader).numbers.get(1) ?? 0) / 1e9}s`,
  'meta.v1.FieldsV1': jsonOf,
  RawExtension: jsonOf,
  Quantity: (reader) => fieldsOf(reader).texts.get(1) ?? '0',
  IntOrString: (reader) => {
    const { numbers, texts } = fieldsOf(reader);
    return numbers.get(1) === 1 ? (texts.get(3) ?? '') : (numbers.get(2) ?? 0);
  },
};

/** Go's zero time has no fields and is `null`; it counts as absent. */
function timeOf(reader: Reader, digits: number): string | null {
  if (reader.done) return null;
  const { numbers } = fieldsOf(reader);
  const ms = (numbers.get(1) ?? 0) * 1_000;
  if (!(Math.abs(ms) <= 8.64e15)) throw new RangeError('a time is out of range');
  const seconds = new Date(ms).toISOString().slice(0, 19);
  if (digits === 0) return `${seconds}Z`;
  const nanos = String(numbers.get(2) ?? 0).padStart(9, '0');
  return `${seconds}.${nanos.slice(0, digits)}Z`;
}

function jsonOf(reader: Reader): unknown {
  const text = fieldsOf(reader).texts.get(1);
  if (text === undefined || text === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new RangeError('an embedded document is no JSON'), { cause });
  }
}

function fieldsOf(reader: Reader): { readonly numbers: ReadonlyMap<number, number>; readonly texts: ReadonlyMap<number, string> } {
  const numbers = new Map<number, number>();
  const texts = new Map<number, string>();
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag.wire === 0) numbers.set(tag.field, reader.integer());
    else if (tag.wire === 2) texts.set(tag.field, reader.text());
    else reader.skip(tag.wire);
  }
  return { numbers, texts };
}
