/** Of each place of its own that a command may write to and that lies in memory, in bytes. */
export const TMPFS_BYTES = 512 * 1024 * 1024;
/** Of one file that a command writes, in blocks of 512 bytes: 1 GiB. */
export const FILE_BLOCKS = 2 * 1024 * 1024;
/** Of all commands of the machine that have a user of their own, together. */
export const PROCESSES = 4096;
