import type { IncomingMessage } from 'node:http';

/** What a client did wrong; its message is for the client. */
export class BadRequest extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** The fields of a form or of a JSON object, of 16 KiB at most. Errors: `BadRequest`. */
export async function readFields(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new BadRequest(`the body is larger than ${MAX_BYTES} bytes`, 413);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString('utf8');
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(body));
  if (type !== 'application/json') throw new BadRequest('send application/json', 415);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new BadRequest('the body is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadRequest('the body is no JSON object');
  return value as Record<string, unknown>;
}

const MAX_BYTES = 16 * 1024;

export function titleIn(fields: Readonly<Record<string, unknown>>): string {
  const title = typeof fields['title'] === 'string' ? fields['title'].trim() : '';
  if (title.length === 0 || title.length > 200 || title.includes('\0')) throw new BadRequest('the title needs 1 to 200 characters');
  return title;
}

export function doneIn(fields: Readonly<Record<string, unknown>>): boolean {
  const { done } = fields;
  if (done === true || done === 'true') return true;
  if (done === false || done === 'false') return false;
  throw new BadRequest('done must be true or false');
}
