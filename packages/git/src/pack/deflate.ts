import { constants, deflateSync } from 'node:zlib';

/** Stored rather than squeezed from here on, where speed counts: large trees are hashes for the most part. */
const storeTreeFromBytes = 65_536;

/**
 * A zlib stream of the bytes. Buffers are fitted to the input: zlib's own choice is 256 KiB of state and 16 KiB of output
 * for each object, and most objects have some hundred bytes.
 */
export function deflate(data: Buffer, options: { readonly tree?: boolean } = {}): Buffer {
  const small = data.length < 4096;
  const level = options.tree && data.length >= storeTreeFromBytes ? constants.Z_NO_COMPRESSION : constants.Z_BEST_SPEED;
  // Stored blocks add a little: with room for them the output is one buffer and needs no copy.
  const room = level === constants.Z_NO_COMPRESSION ? data.length + Math.ceil(data.length / 8192) * 5 + 64 : Math.min(data.length + 64, 65_536);
  return deflateSync(data, { level, chunkSize: Math.max(128, room), ...(small ? { windowBits: 12, memLevel: 5 } : {}) });
}
