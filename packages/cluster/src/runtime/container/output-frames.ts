import { StringDecoder } from 'node:string_decoder';
import { wholeLines } from '../whole-lines.ts';

/**
 * Reads the engine's stream of what a container prints: frames of eight bytes of header (stream, three zeros, length) and
 * that many bytes of text. Both streams become one, as in the log of a pod.
 */
export async function readOutputFrames(stream: AsyncIterable<unknown>, log: (text: string) => void): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  const sources = new Map<number, { readonly decoder: StringDecoder; readonly lines: ReturnType<typeof wholeLines> }>();
  try {
    for await (const chunk of stream) {
      rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      let at = 0;
      while (rest.length - at >= HEADER_BYTES) {
        const length = rest.readUInt32BE(at + 4);
        if (rest.length - at - HEADER_BYTES < length) break;
        let source = sources.get(rest[at]!);
        if (!source) sources.set(rest[at]!, (source = { decoder: new StringDecoder('utf8'), lines: wholeLines(log) }));
        source.lines.take(source.decoder.write(rest.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)));
        at += HEADER_BYTES + length;
      }
      rest = rest.subarray(at);
    }
  } finally {
    for (const { lines } of sources.values()) lines.end();
  }
}

const HEADER_BYTES = 8;
