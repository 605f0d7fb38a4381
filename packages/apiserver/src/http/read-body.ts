import type { IncomingMessage } from 'node:http';
import { badRequest, tooLarge } from '@plinth/apimachinery';

/**
 * All of a body, up to `limit` bytes. Nothing beyond the limit is read: a larger body is refused by its Content-Length, or
 * as soon as it has outgrown the limit. Errors: RequestEntityTooLarge, BadRequest when the body ends early.
 */
export function readBody(message: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(message.headers['content-length'] ?? '0');
  if (announced > limit) return Promise.reject(tooLarge(`limit is ${limit}, the body has ${announced} bytes`));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) {
        message.pause();
        message.removeAllListeners('data');
        reject(tooLarge(`limit is ${limit}, the body has more bytes`));
        return;
      }
      chunks.push(chunk);
    });
    message.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    message.once('error', (cause) => reject(Object.assign(badRequest('the body of the request ended early'), { cause })));
    message.once('aborted', () => reject(badRequest('the body of the request ended early')));
  });
}
