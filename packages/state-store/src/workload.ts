import { gunzipSync, gzipSync } from 'node:zlib';
import { StateStoreError } from './errors.ts';

/** A file as a Work carries it: `content` is base64 (standard alphabet) of gzip of the bytes. */
export interface EncodedWorkload {
  readonly filepath: string;
  readonly content: string;
}

export interface DecodeLimits {
  /** Bytes of one file after decompression; 10 MiB when absent. */
  readonly maxFileBytes?: number;
}

const defaultMaxFileBytes = 10 * 1024 * 1024;

/** The bytes of a workload. Throws a StateStoreError (`invalid`) for bad base64, bad gzip, or more than the limit. */
export function decodeWorkload(workload: EncodedWorkload, limits: DecodeLimits = {}): Uint8Array {
  const max = limits.maxFileBytes ?? defaultMaxFileBytes;
  const where = `workload ${JSON.stringify(workload.filepath.slice(0, 200))}`;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(workload.content) || workload.content.length % 4 !== 0) {
    throw new StateStoreError('invalid', `${where}: content is not base64`);
  }
  try {
    const packed = Buffer.from(workload.content, 'base64');
    // A copy: zlib hands out a slice of its chunk however few bytes there are, which would stay for as long as the slice does.
    return new Uint8Array(gunzipSync(packed, { maxOutputLength: max, chunkSize: chunkFor(packed) }));
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new StateStoreError('invalid', tooLarge ? `${where}: is larger than ${max} bytes when decompressed` : `${where}: content is not gzip`, { cause: error });
  }
}

/** By what the end of the gzip says of its size, which may be a lie: the chunk is a step, and no limit. */
const chunkFor = (packed: Buffer): number => (packed.length < 4 ? 64 : Math.min(Math.max(packed.readUInt32LE(packed.length - 4) + 1, 64), 16 * 1024));

/** The opposite of {@link decodeWorkload}. The same bytes always give the same text (no time stamp in the gzip header). */
export function encodeWorkload(filepath: string, content: Uint8Array | string): EncodedWorkload {
  return { filepath, content: gzipSync(content, content.length <= SMALL ? SMALL_STATE : {}).toString('base64') };
}

/**
 * In bytes. Most files are small, and zlib makes 268 KB of tables ready for each whatever its size. With a window as large as the
 * file, an eighth of that packs it no worse.
 */
const SMALL = 4096;
const SMALL_STATE = { windowBits: 12, memLevel: 5, chunkSize: 1024 } as const;
