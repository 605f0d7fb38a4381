/** One entry of a tar archive; `data` chunks follow until `size` bytes have come. */
export interface TarEntry {
  readonly path: string;
  readonly type: 'file' | 'folder';
  readonly size: number;
  readonly mode: number;
}

export interface TarHandler {
  /** Called before the entry's data. */
  readonly entry: (entry: TarEntry) => void;
  readonly data: (chunk: Buffer) => void;
  /** Called after the last byte of a file. */
  readonly end: () => void;
}

const block = 512;

/**
 * Reads the tar archive (ustar) of a base backup, from chunks of any size.
 *
 * Errors: throws on a damaged header, on a path that leaves the folder, and on links (tablespaces), which a data
 * directory of ours does not have.
 */
export class TarReader {
  readonly #handler: TarHandler;
  #pending: Buffer = Buffer.alloc(0);
  #left = 0;
  #padding = 0;
  #inFile = false;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  write(chunk: Buffer): void {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = Buffer.alloc(0);
    for (;;) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        if (part.length === 0) return;
        this.#handler.data(part);
        this.#left -= part.length;
        rest = rest.subarray(part.length);
      }
      if (this.#left > 0) return;
      if (this.#inFile) {
        this.#inFile = false;
        this.#handler.end();
      }
      const skipped = Math.min(this.#padding, rest.length);
      this.#padding -= skipped;
      rest = rest.subarray(skipped);
      if (this.#padding > 0) return;
      if (rest.length < block) {
        this.#pending = Buffer.from(rest);
        return;
      }
      this.#header(rest.subarray(0, block));
      rest = rest.subarray(block);
    }
  }

  /** Whether everything that was announced has come. */
  get isComplete(): boolean {
    return this.#left === 0 && this.#padding === 0 && this.#pending.length === 0;
  }

  #header(header: Buffer): void {
    if (header.every((byte) => byte === 0)) return;
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    if (sum !== octal(header, 148, 8)) throw new Error('the archive is damaged: the checksum of a header does not match');
    const path = [text(header, 345, 155), text(header, 0, 100)].filter(Boolean).join('/').replace(/^\.\//, '').replace(/\/+$/, '');
    const kind = String.fromCharCode(header[156]!);
    if (path.startsWith('/') || path.split('/').includes('..') || path === '') throw new Error(`the archive holds the path ${JSON.stringify(path)}, which leaves its folder`);
    if (!['0', '\0', '5'].includes(kind)) throw new Error(`the archive holds ${path} of type ${JSON.stringify(kind)}: only files and folders are taken (tablespaces are not supported)`);
    const type = kind === '5' ? 'folder' : 'file';
    const size = type === 'file' ? octal(header, 124, 12) : 0;
    this.#left = size;
    this.#padding = (block - (size % block)) % block;
    this.#inFile = type === 'file';
    this.#handler.entry({ path, type, size, mode: octal(header, 100, 8) });
  }
}

const text = (header: Buffer, at: number, length: number): string => header.toString('utf8', at, at + length).replace(/\0.*$/s, '');

/** Sizes beyond 8 GiB are written in base 256 (the first bit is set). */
function octal(header: Buffer, at: number, length: number): number {
  if (header[at]! & 0x80) return header.subarray(at + 1, at + length).reduce((total, byte) => total * 256 + byte, header[at]! & 0x7f);
  return Number.parseInt(text(header, at, length).trim() || '0', 8);
}
