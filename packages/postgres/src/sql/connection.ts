import pg from 'pg';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectOptions extends Address {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Default 5 s. */
  readonly timeoutMs?: number;
  /** Per statement; default 30 s. */
  readonly statementTimeoutMs?: number;
  /** Shown in `pg_stat_activity`. */
  readonly name?: string;
}

/** One SQL connection, and the moment when it breaks. */
export interface Connection {
  /** Several statements in one text are allowed when there are no values; the rows are then those of the last one. */
  query<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Resolves when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
  end(): Promise<void>;
}

/** Logs in. Rejects with the server's error (`code` is its SQLSTATE) or the socket's. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const client = new pg.Client({
    host: options.host,
    port: options.port,
    user: options.user,
    password: options.password,
    database: options.database,
    application_name: options.name ?? 'plinth',
    connectionTimeoutMillis: options.timeoutMs ?? 5_000,
    query_timeout: options.statementTimeoutMs ?? 30_000,
    keepAlive: true,
    ssl: false,
  });
  const closed = new Promise<void>((resolve) => client.once('end', () => resolve()));
  // A connection that breaks while idle is reported by `closed`.
  client.on('error', () => void client.end().catch(() => {}));
  try {
    await client.connect();
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
  return {
    async query<Row extends object>(text: string, values?: readonly unknown[]) {
      const result = (await client.query(text, values ? [...values] : undefined)) as pg.QueryResult | readonly pg.QueryResult[];
      const last = Array.isArray(result) ? result.at(-1) : result;
      return ((last as pg.QueryResult | undefined)?.rows ?? []) as readonly Row[];
    },
    closed,
    end: () => client.end(),
  };
}

const codeOf = (error: unknown): string => (error as { code?: unknown } | undefined)?.code?.toString() ?? '';
/** The role or its password is wrong (28P01), or it may not log in at all (28000). */
export const isAuthenticationFailure = (error: unknown): boolean => ['28P01', '28000'].includes(codeOf(error));
export const isDatabaseMissing = (error: unknown): boolean => codeOf(error) === '3D000';
