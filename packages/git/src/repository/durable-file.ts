import { open } from 'node:fs/promises';

/** Writes a new file and waits until its bytes are on disk. Fails when the file exists. */
export async function writeDurably(path: string, data: string | Uint8Array | readonly Uint8Array[], mode = 0o644): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    for (const part of Array.isArray(data) ? (data as readonly Uint8Array[]) : [data as string | Uint8Array]) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a folder (new, renamed, deleted files) as durable as their bytes. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

