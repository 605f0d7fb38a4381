import { secrets, services, type Secret, type Service } from '@plinth/api';
import type { Client } from '@plinth/client';
import { readLogin } from '../operator/build/secrets.ts';
import { connect, type Connection } from '../sql/connection.ts';
import type { Gate } from './gate.ts';
import type { Target } from './target.ts';

/** What is known of a database. `pending`: nobody has tried yet. */
export type Health =
  | { readonly type: 'pending' }
  | { readonly type: 'ready'; readonly host: string; readonly latencyMs: number; readonly since: Date }
  | { readonly type: 'unhealthy'; readonly message: string; readonly since: Date };

export interface MonitorOptions {
  readonly worker: Client;
  readonly target: Target;
  /** Bounds how many logins are tried at once. */
  readonly gate: Gate;
  readonly changed: () => void;
}

/** Logs in to one database and keeps the connection, so that the end of the server is noticed when it happens. */
export interface Monitor extends AsyncDisposable {
  readonly health: Health;
  /** Try now rather than when the back-off is over. The first call is the first attempt. */
  readonly wake: () => void;
}

/** A server that hangs closes no connection; it is asked now and then. */
const askEveryMs = 3_000;
const answerWithinMs = 3_000;
/** Shows that the issued password still is the right one. */
const loginAgainMs = 5 * 60_000;
const shortestPauseMs = 20;
const longestPauseMs = 2_000;

export function startMonitor({ worker, target, gate, changed }: MonitorOptions): Monitor {
  const stopped = new AbortController();
  const stop = new Promise<void>((resolve) => stopped.signal.addEventListener('abort', () => resolve(), { once: true }));
  let health: Health = { type: 'pending' };
  let woken = Promise.withResolvers<void>();
  const tell = (next: Health): void => {
    if (stopped.signal.aborted) return;
    const same = health.type === next.type && (next.type !== 'unhealthy' || health.type !== 'unhealthy' || health.message === next.message);
    health = next;
    if (!same) changed();
  };

  const loop = async (): Promise<void> => {
    await Promise.race([woken.promise, stop]);
    for (let pauseMs = shortestPauseMs; !stopped.signal.aborted; ) {
      woken = Promise.withResolvers();
      let connection: Connection | undefined;
      try {
        const release = await gate.enter(stopped.signal);
        try {
          const begun = performance.now();
          const { host, ...login } = await addressOf(worker, target);
          connection = await connect({ ...login, host, port: 5432, database: target.database, name: 'plinth-health', timeoutMs: answerWithinMs, statementTimeoutMs: answerWithinMs });
          await connection.query('select 1');
          tell({ type: 'ready', host, latencyMs: Math.round((performance.now() - begun) * 10) / 10, since: new Date() });
        } finally {
          release();
        }
        pauseMs = shortestPauseMs;
        await hold(connection, stop);
        if (!stopped.signal.aborted) tell({ type: 'unhealthy', message: 'the server closed the connection', since: new Date() });
      } catch (error) {
        if (error instanceof LoginDue) continue;
        const what = error instanceof Unanswered ? 'the server does not answer' : `logging in as ${target.user} to ${target.database} failed`;
        tell({ type: 'unhealthy', message: `${what}: ${messageOf(error)}`, since: new Date() });
      } finally {
        await connection?.end().catch(() => {});
      }
      await pause(pauseMs, [woken.promise, stop]);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  };
  const ended = loop();
  return {
    get health() {
      return health;
    },
    wake: () => woken.resolve(),
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      await ended;
    },
  };
}

class LoginDue extends Error {}
/** On a connection that was good before. */
class Unanswered extends Error {}

/** Returns when the connection is gone or the monitor is to stop; throws when the server does not answer. */
async function hold(connection: Connection, stop: Promise<void>): Promise<void> {
  const until = performance.now() + loginAgainMs;
  const ends = Promise.race([connection.closed, stop]).then(() => 'over' as const);
  for (;;) {
    if ((await pause(askEveryMs, [ends])) === 'over') return;
    if (performance.now() > until) throw new LoginDue();
    await connection.query('select 1').catch((error: unknown) => {
      throw new Unanswered(messageOf(error), { cause: error });
    });
  }
}

/** The Service's address: the way that every client goes. */
async function addressOf(worker: Client, { cluster, secret }: Target): Promise<{ readonly host: string; readonly user: string; readonly password: string }> {
  const { namespace } = cluster;
  const [service, credentials] = await Promise.all([worker.get<Service>(services, cluster), worker.get<Secret>(secrets, { namespace, name: secret })]);
  const host = (service.spec as { readonly clusterIP?: string } | undefined)?.clusterIP;
  if (!host || host === 'None') throw new Error(`Service ${namespace}/${cluster.name} has no address`);
  const login = readLogin(credentials);
  if (!login) throw new Error(`Secret ${namespace}/${secret} holds no username and password`);
  return { host, user: login.username, password: login.password };
}

/** Aggregate errors (several addresses tried) have an empty message of their own. */
const messageOf = (error: unknown): string => {
  const { message, code } = error as { readonly message?: string; readonly code?: string };
  return message || code || String(error);
};

async function pause<T>(ms: number, sooner: readonly Promise<T>[]): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  try {
    return await Promise.race([time, ...sooner]);
  } finally {
    clearTimeout(timer);
  }
}
