import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresServer } from '../engine/index.ts';
import { connect, isAuthenticationFailure, type Connection } from '../sql/connection.ts';
import type { Login } from './parse-environment.ts';

export interface HoldOptions {
  readonly signal: AbortSignal;
  readonly setReady: (ready: boolean) => void;
  readonly log: (text: string) => void;
  /** An open connection to begin with. */
  readonly first?: Connection | undefined;
}

const longestPauseMs = 1_000;
/** A server that hangs closes no connection; it is asked now and then. */
const askEveryMs = 3_000;
const answerWithinMs = 3_000;

/**
 * Keeps one connection to the server open: that it is open and answers is what "ready" means, and that it breaks is how
 * the death of an adopted server is noticed at once. Ends with the signal or with the server. Never rejects.
 */
export async function holdConnection(server: PostgresServer, login: Login, { signal, setReady, log, first }: HoldOptions): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  let told: string | undefined;
  let next = first;
  for (let pauseMs = 5; !signal.aborted && server.isAlive(); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    let connection: Connection | undefined;
    try {
      connection = next ?? await connect({ ...server.listen, user: login.name, password: login.password, database: 'postgres', name: 'plinth-instance', timeoutMs: answerWithinMs });
      next = undefined;
      if (signal.aborted) break;
      setReady(true);
      told = undefined;
      pauseMs = 5;
      await untilClosed(connection, aborted);
      if (!signal.aborted && server.isAlive()) log('the server closed its connections');
    } catch (error) {
      // Somebody changed the superuser's password by hand: it is the server that says so, so it is up.
      setReady(isAuthenticationFailure(error));
      const { message } = error as Error;
      if (message !== told) log(`connecting to the server failed: ${message}`);
      told = message;
    } finally {
      if (signal.aborted || connection) setReady(false);
      await connection?.end().catch(() => {});
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
}

/** Returns when the connection is gone or the hold is to end; throws when the server does not answer in time. */
async function untilClosed(connection: Connection, aborted: Promise<void>): Promise<void> {
  const over = Promise.race([connection.closed, aborted]).then(() => 'over' as const);
  for (;;) {
    if ((await within(askEveryMs, over)) === 'over') return;
    const answer = connection.query('select 1').then(() => 'answered' as const, () => 'over' as const);
    if ((await within(answerWithinMs, Promise.race([answer, over]))) === undefined) throw new Error(`it has not answered for ${answerWithinMs / 1000} s`);
  }
}

async function within<T>(ms: number, sooner: Promise<T>): Promise<T | undefined> {
  const enough = new AbortController();
  try {
    return await Promise.race([sooner, delay(ms, undefined, { signal: enough.signal }).catch(() => undefined)]);
  } finally {
    enough.abort();
  }
}
