/** Fills in one message. */
export type Message = (out: ProtobufWriter) => unknown;

/** Writes the wire format of protobuf: texts and messages are all that we send. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /** An empty text is left out, as in proto3. */
  text(field: number, value: string): this {
    return value === '' ? this : this.#delimited(field, Buffer.from(value));
  }

  message(field: number, fill: Message): this {
    const inner = new ProtobufWriter();
    fill(inner);
    return this.#delimited(field, inner.bytes());
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts, this.#size);
  }

  #delimited(field: number, bytes: Uint8Array): this {
    const head = [...varint(field * 8 + 2), ...varint(bytes.byteLength)];
    this.#parts.push(Uint8Array.from(head), bytes);
    this.#size += head.length + bytes.byteLength;
    return this;
  }
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}
