import { badRequest, unsupportedMediaType } from '@plinth/apimachinery';
import { decodeProtobuf } from './protobuf/decode.ts';
import { parseYamlBody } from './yaml.ts';

/** A body as a value. No body at all is `undefined`. Errors: BadRequest, UnsupportedMediaType (CBOR, say). */
export function parseBody(bytes: Buffer, contentType: string): unknown {
  if (bytes.byteLength === 0) return undefined;
  const media = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (media === '' || media === 'application/json' || media.endsWith('+json')) return parseJson(bytes);
  if (media === 'application/yaml' || media === 'text/yaml' || media.endsWith('+yaml')) return parseYamlBody(bytes);
  if (media === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(bytes);
  throw unsupportedMediaType(
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(badRequest(`the body of the request is not valid JSON: ${reasonOf(cause, text)}`), { cause });
  }
}

/** V8's message quotes a part of the body, which may be a Secret. */
function reasonOf(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `unexpected character at position ${position}`;
  return message.includes('end of JSON') ? `it ends early, after ${text.length} characters` : 'it ends early or holds an unexpected character';
}
