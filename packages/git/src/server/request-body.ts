import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A refusal with the status that says why. */
export class HttpRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Bytes that all requests together may hold. */
export class HeldBytes {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  take(bytes: number): void {
    if (this.#held + bytes > this.#max) throw new HttpRefusal(503, 'too much is being received at once, try again in a moment');
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/**
 * The whole body, gunzipped if it came that way, passed to `use`; counted against `held` meanwhile. Refuses with 413 as soon
 * as it is known to be larger than `maxBytes`, 400 when it breaks off, 415 for an encoding that is not known.
 */
export async function withBody<T>(request: IncomingMessage, maxBytes: number, held: HeldBytes, use: (body: Buffer) => Promise<T>): Promise<T> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw new HttpRefusal(413, `the request has ${announced} bytes, at most ${maxBytes} are allowed`);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (!['identity', 'gzip', 'x-gzip'].includes(encoding)) throw new HttpRefusal(415, `content encoding ${encoding} is not known here`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    const source = encoding === 'identity' ? request : pipeline(request, createGunzip(), () => {});
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        if (bytes + chunk.length > maxBytes) throw new HttpRefusal(413, `the request has more than the ${maxBytes} bytes allowed`);
        held.take(chunk.length);
        bytes += chunk.length;
        chunks.push(chunk);
      }
    } catch (error) {
      if (error instanceof HttpRefusal) throw error;
      throw new HttpRefusal(400, 'the request body is damaged or ended early');
    }
    return await use(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  } finally {
    held.release(bytes);
  }
}
