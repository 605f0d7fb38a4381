/**
 * What one pipeline may hand over. Everything travels in one Work, and again in each WorkPlacement; etcd refuses
 * objects above 1.5 MB, and the API server bodies above 3 MB.
 */
export const OUTPUT_LIMITS = {
  files: 1_000,
  /** Folders below each other. */
  depth: 32,
  /** Of one file, in bytes. */
  fileBytes: 4 * 1024 * 1024,
  /** Of all files together, in bytes, before compression. */
  totalBytes: 16 * 1024 * 1024,
  /** Of all files together as the Work carries them: compressed and in base64. */
  encodedBytes: 1_200_000,
  /** Of a file in `/kratix/metadata`, in bytes. */
  metadataBytes: 256 * 1024,
} as const;
