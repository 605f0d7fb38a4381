import { badRequest, isParseError, parseJson, parseYaml, unsupportedMediaType } from '@plinth/apimachinery';
import { noteDuplicates } from '../verbs/duplicate-fields.ts';
import { decodeProtobuf } from './protobuf/decode.ts';

/** A body as a value. No body at all is `undefined`. Errors: BadRequest, UnsupportedMediaType (CBOR, say). */
export function parseBody(bytes: Buffer, contentType: string): unknown {
  if (bytes.byteLength === 0) return undefined;
  const media = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (media === '' || media === 'application/json' || media.endsWith('+json')) return json(bytes);
  if (media === 'application/yaml' || media === 'text/yaml' || media.endsWith('+yaml')) return yaml(bytes);
  if (media === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(bytes);
  throw unsupportedMediaType(
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

function json(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    const { value, duplicates } = parseJson(text);
    return noteDuplicates(value, duplicates);
  } catch (error) {
    if (!isParseError(error) || !(error.cause instanceof SyntaxError)) throw error;
    throw Object.assign(badRequest(`the body of the request is not valid JSON: ${reasonOf(error.cause, text)}`), { cause: error });
  }
}

function yaml(bytes: Buffer): unknown {
  const duplicates: string[] = [];
  const value = parseYaml(bytes.toString('utf8'), {
    onDuplicate: (path) => {
      if (duplicates.length < 100) duplicates.push(path);
    },
  });
  return noteDuplicates(value, duplicates);
}

/** V8's message quotes a part of the body, which may be a Secret. */
function reasonOf({ message }: SyntaxError, text: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  if (message.includes('end of JSON') || position === String(text.length)) return `it ends early, after ${text.length} characters`;
  return position === undefined ? 'it holds an unexpected character' : `unexpected character at position ${position}`;
}
