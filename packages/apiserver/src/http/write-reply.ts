import type { ServerResponse } from 'node:http';
import type { Status } from '@plinth/apimachinery';
import type { Answered } from '../dispatch.ts';
import type { ListReply, Reply } from '../reply.ts';
import { decode, headOf, tailOffset } from '../storage/codec.ts';
import type { Entry } from '@plinth/object-store';
import { writeWatch } from './write-watch.ts';

/** Sends an answer. Resolves when its last byte has been handed to the socket. */
export async function writeReply(response: ServerResponse, { reply, warnings }: Answered, signal: AbortSignal): Promise<void> {
  response.setHeader('Cache-Control', 'no-cache, private');
  if (warnings.length > 0) response.setHeader('Warning', warnings.slice(0, 20).map(warningHeader));
  await writeBody(response, reply, signal);
}

async function writeBody(response: ServerResponse, reply: Reply, signal: AbortSignal): Promise<void> {
  switch (reply.type) {
    case 'value':
      return send(response, reply.status, reply.contentType ?? 'application/json', Buffer.from(JSON.stringify(reply.value)));
    case 'list':
      return send(response, 200, 'application/json', listBytes(reply));
    case 'text':
      return send(response, reply.status, reply.contentType, Buffer.from(reply.text));
    case 'bytes': {
      response.setHeader('ETag', `"${reply.etag}"`);
      if (response.req.headers['if-none-match'] === `"${reply.etag}"`) {
        response.writeHead(304).end();
        return;
      }
      return send(response, 200, reply.contentType, reply.bytes);
    }
    case 'watch':
      return writeWatch(response, reply.feed, signal);
    case 'chunks': {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.flushHeaders();
      for await (const chunk of reply.chunks) {
        if (signal.aborted) break;
        if (!response.write(chunk)) await drained(response, signal);
      }
      response.end();
      return;
    }
    default:
      return reply satisfies never;
  }
}

/** Answers with a Status. `endAfter`: the answer is out at once, and the connection goes on until then. */
export function writeStatus(response: ServerResponse, status: Status, endAfter?: Promise<void>): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retry = status.details?.retryAfterSeconds;
  if (retry !== undefined) response.setHeader('Retry-After', String(retry));
  if (status.code === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="plinth"');
  response.setHeader('Cache-Control', 'no-cache, private');
  send(response, status.code, 'application/json', Buffer.from(JSON.stringify(status)), endAfter);
}

function send(response: ServerResponse, status: number, contentType: string, body: Uint8Array, endAfter?: Promise<void>): void {
  // A reader that stops reading must not keep a large answer in our memory.
  if (body.byteLength > LARGE) response.setTimeout(60_000, () => response.destroy());
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': body.byteLength });
  const shown = response.req.method === 'HEAD' ? undefined : body;
  if (!endAfter) {
    response.end(shown);
    return;
  }
  if (shown) response.write(shown);
  void endAfter.then(() => response.end());
}

const LARGE = 1024 * 1024;

/** https://www.rfc-editor.org/rfc/rfc7234#section-5.5, as client-go reads it. */
function warningHeader(text: string): string {
  // A header is Latin-1 without control characters.
  const safe = text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1_024);
  return `299 - "${safe.replace(/[\\"]/g, '\\$&')}"`;
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/**
 * A list put together from stored bytes: per item a head with its revision, and the rest as it is in the store. Items that
 * are shown differently from how they are stored are serialised.
 */
function listBytes({ served, metadata, entries, objects }: ListReply): Buffer {
  const { kind } = served;
  const begin = `{"kind":${JSON.stringify(kind.listKind)},"apiVersion":${JSON.stringify(served.apiVersion)},"metadata":${JSON.stringify(metadata)},"items":[`;
  const shown = objects();
  const offset = tailOffset(served.storageApiVersion, kind.kind);
  const headFor = headMaker(served.apiVersion, kind.kind);
  let size = Buffer.byteLength(begin) + 2;
  const parts = entries.map((entry, index) => {
    const head = shown[index] === decode(entry) ? headFor(entry) : Buffer.from(JSON.stringify(shown[index]));
    size += 1 + head.length + (typeof head === 'string' ? entry.value.byteLength - offset : 0);
    return head;
  });
  const bytes = Buffer.allocUnsafe(size);
  let position = bytes.write(begin);
  parts.forEach((head, index) => {
    if (index > 0) bytes[position++] = COMMA;
    if (typeof head === 'string') {
      const { value } = entries[index]!;
      position += bytes.write(head, position, 'latin1');
      bytes.set(value.subarray(offset), position);
      position += value.byteLength - offset;
    } else {
      bytes.set(head, position);
      position += head.byteLength;
    }
  });
  position += bytes.write(']}', position);
  return bytes.subarray(0, position);
}

const COMMA = 44;

function headMaker(apiVersion: string, kind: string): (entry: Entry) => string {
  const [before, after] = headOf(apiVersion, kind, -1).split('-1') as [string, string];
  return (entry) => before + entry.revision + after;
}
