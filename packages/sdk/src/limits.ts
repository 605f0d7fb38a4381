/**
 * What one step may hand over. A pipeline's output travels inside one object of the API, whose size etcd bounds at
 * about 1.5 MB after compression; these limits stop an accident long before.
 */
export const STEP_LIMITS = {
  files: 1_000,
  /** Of one file, in bytes. */
  fileBytes: 4 * 1024 * 1024,
  /** Of all files of the step, in bytes. */
  totalBytes: 16 * 1024 * 1024,
  /** Of `status.yaml`, in bytes. */
  statusBytes: 256 * 1024,
  /** Of a path below the output folder, in characters. */
  pathLength: 512,
} as const;
