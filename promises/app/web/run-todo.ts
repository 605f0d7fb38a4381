import { once } from 'node:events';
import type { AddressInfo, LookupFunction } from 'node:net';
import { createTodoServer } from './todo-server.ts';
import { openTodoStore, type Database } from './todo-store.ts';

export interface TodoOptions {
  /** `PORT`; `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER`, `PGPASSWORD` or `DATABASE_URL`; `TITLE` of the page. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: string;
  readonly log: (line: string) => void;
  /** Aborted when it is to stop: requests that are under way are answered first. */
  readonly signal: AbortSignal;
  /** Resolves the database's name where the machine's DNS does not know it. */
  readonly lookup?: LookupFunction;
  readonly listening?: (port: number) => void;
}

/**
 * The sample application: a to-do list whose entries are in PostgreSQL. It serves at once and says at `/healthz` whether
 * its database answers, so it may be started before there is one. Resolves with the exit code.
 */
export async function runTodo({ env, host, log, signal, lookup, listening }: TodoOptions): Promise<number> {
  const database = databaseIn(env);
  if (!database) {
    log('there is no database: set PGHOST, PGDATABASE, PGUSER and PGPASSWORD, or DATABASE_URL (dbDriver: postgresql does)');
    return 1;
  }
  if (signal.aborted) return 0;
  await using store = openTodoStore(database, lookup);
  const server = createTodoServer({ store, title: env['TITLE'] || 'To do', log });
  // Longer than whoever stands in front keeps a connection that is not used.
  server.keepAliveTimeout = 65_000;
  server.listen({ host, port: Number(env['PORT'] ?? 8080) });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  log(`serving at http://${host}:${port}`);
  listening?.(port);
  if (!signal.aborted) await once(signal, 'abort');
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // After what is under way, a connection is not kept.
  server.keepAliveTimeout = 1;
  await closed;
  log('stopped');
  return 0;
}

function databaseIn(env: TodoOptions['env']): Database | undefined {
  const { DATABASE_URL: connectionString, PGHOST: host, PGPORT: port = '5432', PGDATABASE: database, PGUSER: user, PGPASSWORD: password } = env;
  if (connectionString) return { connectionString };
  if (!host) return undefined;
  return { host, port: Number(port), ...(database ? { database } : {}), ...(user ? { user } : {}), ...(password ? { password } : {}) };
}
