import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where the PEM files of a cluster's keys lie: in a directory, or nowhere but in memory. */
export interface KeyFiles {
  /** How a file is called in messages. */
  describe(name: string): string;
  /** `undefined`: there is none. */
  read(name: string): Promise<string | undefined>;
  /** Durable and whole, or not at all. Readable by its owner alone. */
  write(name: string, text: string): Promise<void>;
}

export function keyFilesIn(directory: string): KeyFiles {
  return {
    describe: (name) => join(directory, name),
    read: async (name) => {
      try {
        return await readFile(join(directory, name), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: async (name, text) => {
      const path = join(directory, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const partial = `${path}.partial`;
      await rm(partial, { force: true });
      const file = await open(partial, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, path);
      const parent = await open(dirname(path), 'r');
      try {
        await parent.sync();
      } finally {
        await parent.close();
      }
    },
  };
}

/** For servers that end with their process: tests. */
export function keyFilesInMemory(): KeyFiles {
  const files = new Map<string, string>();
  return {
    describe: (name) => `${name} (in memory)`,
    read: async (name) => files.get(name),
    write: async (name, text) => void files.set(name, text),
  };
}
