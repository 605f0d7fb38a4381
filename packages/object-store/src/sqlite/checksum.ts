import { crc32 } from 'node:zlib';

/** CRC-32 over the key and the value. */
export function checksum(key: string, value: Uint8Array | undefined): number {
  const ofKey = crc32(key);
  return value ? crc32(value, ofKey) : ofKey;
}
