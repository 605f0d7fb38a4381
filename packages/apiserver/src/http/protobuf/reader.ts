/** Reads the wire format of protobuf. Every method throws a RangeError where the bytes end too early or make no sense. */
export class Reader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#position >= this.#bytes.byteLength;
  }

  /** The next field, undefined at the end. */
  tag(): { readonly field: number; readonly wire: number } | undefined {
    if (this.done) return undefined;
    const tag = Number(this.#varint());
    return { field: Math.floor(tag / 8), wire: tag % 8 };
  }

  /** A signed whole number. */
  integer(): number {
    return Number(BigInt.asIntN(64, this.#varint()));
  }

  text(): string {
    return Buffer.from(this.bytes()).toString('utf8');
  }

  /** A length, and as many bytes; they are not copied. */
  bytes(): Uint8Array {
    const length = Number(this.#varint());
    return this.#take(length);
  }

  double(): number {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  skip(wire: number): void {
    if (wire === 0) this.#varint();
    else if (wire === 1) this.#take(8);
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.#take(4);
    else throw new RangeError(`unknown wire type ${wire}`);
  }

  #take(length: number): Uint8Array {
    const end = this.#position + length;
    if (!(end <= this.#bytes.byteLength)) throw new RangeError('the bytes end early');
    const part = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return part;
  }

  #varint(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw new RangeError('the bytes end early');
      this.#position += 1;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    throw new RangeError('a number is too long');
  }
}
