import { TransportError } from './errors.ts';

/** A watch event is one object; Kubernetes refuses objects above 1.5 MiB, so this leaves room for pretty ones. */
export const defaultMaxLineBytes = 16 * 1024 * 1024;

/**
 * Splits a stream of bytes into the JSON values on its lines. Pulls the next chunk only when the values of the last one
 * have been taken, so a slow reader slows the sender down and memory stays bounded.
 *
 * Errors: a `TransportError` for a line that is longer than `maxLineBytes` or is not JSON. An unfinished last line is
 * what a cut connection leaves behind, and is reported as such.
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number = defaultMaxLineBytes,
): AsyncGenerator<unknown> {
  const decoder = new TextDecoder('utf-8');
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const tail = chunk.subarray(start, end);
      start = end + 1;
      if (pendingBytes + tail.length > maxLineBytes) throw tooLong(maxLineBytes);
      const text = decoder.decode(pending.length === 0 ? tail : join([...pending, tail], pendingBytes + tail.length));
      pending = [];
      pendingBytes = 0;
      if (text.trim() !== '') yield parse(text);
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > maxLineBytes) throw tooLong(maxLineBytes);
    }
  }
  if (pendingBytes > 0) throw new TransportError('broken', `the watch ended in the middle of an event, after ${pendingBytes} bytes of it`);
}

const tooLong = (max: number): TransportError =>
  new TransportError('tooLarge', `a watch event is longer than ${max} bytes`);

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new TransportError('malformed', `a watch event is not JSON: ${text.slice(0, 120)}`, { cause });
  }
}
