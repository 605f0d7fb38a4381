import { GitFormatError } from '../errors.ts';

/** One unit of git's wire format: a line, or one of three marks. */
export type Packet = { readonly type: 'data'; readonly data: Buffer } | { readonly type: 'flush' | 'delimiter' | 'response-end' };

export const flushPacket: Buffer = Buffer.from('0000');
export const delimiterPacket: Buffer = Buffer.from('0001');

/** Most bytes in one packet, its length included. */
const maxPacket = 65_520;

/** A line as a packet. */
export function packet(data: string | Buffer): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  if (bytes.length + 4 > maxPacket) throw new GitFormatError(`a packet of ${bytes.length} bytes is too long`);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0'), 'latin1'), bytes]);
}

/** Bytes for a side band (1 data, 2 progress, 3 fatal error), as many packets as they need. */
export function* sideBand(channel: 1 | 2 | 3, data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += maxPacket - 5) yield packet(Buffer.concat([Buffer.from([channel]), data.subarray(at, at + maxPacket - 5)]));
}

/** Reads packets from bytes that are all there. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** What comes after the last packet that was read. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  /** The next packet, undefined at the end. Throws a {@link GitFormatError} for a packet that is cut short. */
  next(): Packet | undefined {
    if (this.done) return undefined;
    const digits = this.#bytes.toString('latin1', this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new GitFormatError(`expected the length of a packet, found ${JSON.stringify(digits)}`);
    const length = Number.parseInt(digits, 16);
    if (length < 4) {
      this.#at += 4;
      if (length === 3) throw new GitFormatError('packet of length 3');
      return { type: (['flush', 'delimiter', 'response-end'] as const)[length]! };
    }
    if (this.#at + length > this.#bytes.length) throw new GitFormatError('a packet is cut short');
    const data = this.#bytes.subarray(this.#at + 4, this.#at + length);
    this.#at += length;
    return { type: 'data', data };
  }

  /** Lines up to the next mark or the end, without their newline; `end` is what stopped them. */
  lines(): { readonly lines: readonly string[]; readonly end: Exclude<Packet['type'], 'data'> | undefined } {
    const lines: string[] = [];
    for (let next = this.next(); next; next = this.next()) {
      if (next.type !== 'data') return { lines, end: next.type };
      lines.push(lineOf(next.data));
    }
    return { lines, end: undefined };
  }
}

export function lineOf(data: Buffer): string {
  const text = data.toString('utf8');
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
