import { chownSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { PostgresError } from '../errors.ts';
import { literal } from '../sql/quote.ts';
import { listTree, syncTree } from './copy-tree.ts';
import { beginData, finishData, type InstanceFolder } from './data-dir.ts';
import type { Engine } from './locate-engine.ts';
import type { ListenAddress } from './settings.ts';
import { TarReader } from './tar-reader.ts';

export interface BaseBackupOptions {
  readonly primary: ListenAddress;
  readonly user: string;
  readonly password: string;
  /** Shown by the primary in `pg_stat_progress_basebackup`. */
  readonly label: string;
  readonly signal?: AbortSignal;
}

/**
 * Fills an instance's folder with a copy of a running primary, over the replication protocol, and marks it as a
 * standby. Interrupted at any point it leaves an unfinished folder, which the next attempt replaces.
 *
 * Errors: `BackupFailed`.
 */
export async function takeBaseBackup(engine: Engine, folder: InstanceFolder, options: BaseBackupOptions): Promise<void> {
  const { primary, user, password, label, signal } = options;
  await beginData(folder);
  const writer = treeWriter(folder.dataDir, engine);
  const client = new pg.Client({ ...primary, user, password, replication: 'true', connectionTimeoutMillis: 5_000, keepAlive: true } as pg.ClientConfig);
  client.on('error', () => {});
  const abort = (): void => void client.end().catch(() => {});
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    await client.connect();
    await receive(client, `BASE_BACKUP (LABEL ${literal(label)}, CHECKPOINT 'fast', WAL true, MANIFEST 'no', TARGET 'client')`, writer);
    if (!writer.isComplete()) throw new Error('the primary ended the backup in the middle of a file');
    const standby = join(folder.dataDir, 'standby.signal');
    writeFileSync(standby, '', { mode: 0o600 });
    if (engine.user) chownSync(standby, engine.user.uid, engine.user.gid);
    await syncTree(folder.dataDir, listTree(folder.dataDir));
    await finishData(folder);
  } catch (error) {
    throw new PostgresError(
      'BackupFailed',
      `copying the primary at ${primary.host}:${primary.port} to ${folder.dataDir} failed: ${(error as Error).message}`,
      'The copy is made again when the primary can be reached',
      { cause: error },
    );
  } finally {
    signal?.removeEventListener('abort', abort);
    writer.close();
    await client.end().catch(() => {});
  }
}

interface TreeWriter {
  readonly write: (chunk: Buffer) => void;
  readonly isComplete: () => boolean;
  readonly close: () => void;
}

function treeWriter(root: string, engine: Engine): TreeWriter {
  const own = (path: string): void => {
    if (engine.user) chownSync(path, engine.user.uid, engine.user.gid);
  };
  const folder = (path: string): void => {
    const first = mkdirSync(path, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let at = path; at.length >= first.length; at = dirname(at)) own(at);
  };
  folder(root);
  let fd: number | undefined;
  const close = (): void => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const tar = new TarReader({
    entry: ({ path, type }) => {
      const target = join(root, path);
      if (type === 'folder') return folder(target);
      folder(dirname(target));
      fd = openSync(target, 'wx', 0o600);
      own(target);
    },
    data: (chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(fd!, chunk, at);
    },
    end: close,
  });
  return { write: (chunk) => tar.write(chunk), isComplete: () => tar.isComplete && fd === undefined, close };
}

/**
 * Runs the one query of the protocol that answers with a stream of archives. A message begins with its kind: `n` a new archive,
 * `d` data, `p` progress, `m` a manifest. The socket's own flow control holds the primary back: a chunk is written
 * before the next one is read.
 */
function receive(client: pg.Client, text: string, writer: TreeWriter): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    let archives = 0;
    const ignore = (): void => {};
    const query = {
      submit: (connection: { query: (text: string) => void }) => connection.query(text),
      handleCopyData: ({ chunk }: { readonly chunk: Buffer }) => {
        if (failure) return;
        try {
          const kind = String.fromCharCode(chunk[0]!);
          if (kind === 'd') writer.write(chunk.subarray(1));
          else if (kind === 'n' && ++archives > 1) throw new Error('the primary has tablespaces, which are not supported');
        } catch (error) {
          failure = error as Error;
          void client.end().catch(() => {});
          reject(failure);
        }
      },
      handleError: (error: Error) => {
        failure ??= error;
        reject(failure);
      },
      handleReadyForQuery: () => (failure ? reject(failure) : resolve()),
      handleRowDescription: ignore,
      handleDataRow: ignore,
      handleCommandComplete: ignore,
      handleEmptyQuery: ignore,
      handlePortalSuspended: ignore,
    };
    client.once('end', () => reject(failure ?? new Error('the connection was closed')));
    client.query(query as unknown as pg.Submittable);
  });
}
