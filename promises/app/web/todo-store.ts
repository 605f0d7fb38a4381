import { Socket, type LookupFunction } from 'node:net';
import pg from 'pg';

export interface Todo {
  readonly id: number;
  readonly title: string;
  readonly done: boolean;
}

/** The list, in a table of a PostgreSQL database. */
export interface TodoStore extends AsyncDisposable {
  list(): Promise<readonly Todo[]>;
  add(title: string): Promise<Todo>;
  /** Undefined when there is none of that number. */
  setDone(id: number, done: boolean): Promise<Todo | undefined>;
  /** False when there was none. */
  remove(id: number): Promise<boolean>;
  /** Rejects when the database does not answer. */
  check(): Promise<void>;
}

export interface Database {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  /** Instead of the others: `postgresql://user:password@host/database`. */
  readonly connectionString?: string;
}

/** More entries than this are not shown. */
export const MAX_SHOWN = 500;

/**
 * Connects when it is first asked for something, and again after a connection was lost. `lookup` resolves the host's name
 * where the machine's DNS does not know it.
 */
export function openTodoStore(database: Database, lookup?: LookupFunction): TodoStore {
  const pool = new pg.Pool({
    ...database,
    max: 4,
    connectionTimeoutMillis: 3000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 5000,
    allowExitOnIdle: true,
    ...(lookup ? { stream: () => new NamedSocket(lookup) } : {}),
  });
  // A connection that breaks while nobody uses it is replaced by the next one.
  pool.on('error', () => {});
  let prepared: Promise<unknown> | undefined;
  const query = async <R extends object>(text: string, values: readonly unknown[] = []): Promise<pg.QueryResult<R>> => {
    // Two copies may do this at once; PostgreSQL lets one of them wait for the other.
    prepared ??= pool.query(SCHEMA).catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    await prepared;
    return pool.query<R>(text, [...values]);
  };
  const one = async (text: string, values: readonly unknown[]): Promise<Todo | undefined> => (await query<Todo>(text, values)).rows[0];
  return {
    list: async () => (await query<Todo>(`SELECT id, title, done FROM todos ORDER BY done, id LIMIT ${MAX_SHOWN}`)).rows,
    add: async (title) => (await one('INSERT INTO todos (title) VALUES ($1) RETURNING id, title, done', [title]))!,
    setDone: (id, done) => one('UPDATE todos SET done = $2 WHERE id = $1 RETURNING id, title, done', [id, done]),
    remove: async (id) => (await query('DELETE FROM todos WHERE id = $1', [id])).rowCount === 1,
    check: async () => void (await query('SELECT 1')),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

const SCHEMA = `
  BEGIN;
  SELECT pg_advisory_xact_lock(7031);
  CREATE TABLE IF NOT EXISTS todos (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    done boolean NOT NULL DEFAULT false
  );
  COMMIT;
`;

/** `pg` calls `connect(port, host)` and has no place for a resolver. */
class NamedSocket extends Socket {
  readonly #lookup: LookupFunction;

  constructor(lookup: LookupFunction) {
    super();
    this.#lookup = lookup;
  }

  override connect(...args: unknown[]): this {
    const [port, host] = args;
    if (typeof port === 'number' && typeof host === 'string') return super.connect({ port, host, lookup: this.#lookup });
    return super.connect(...(args as Parameters<Socket['connect']>));
  }
}
