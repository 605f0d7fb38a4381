import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pods } from '@plinth/api';
import { isNotFound, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { InstanceProgram } from '../../src/instance/create-instance-program.ts';

export interface DatabasePod extends AsyncDisposable {
  readonly ip: string;
  readonly isReady: () => boolean;
  readonly log: () => string;
  /** The exit code of the program. */
  readonly ended: Promise<number>;
  /** As when the process that runs the program is killed: the program is told nothing and its server goes on. */
  readonly abandon: () => void;
  readonly stop: () => Promise<number>;
}

export interface DatabasePodOptions {
  readonly scope: string;
  readonly ordinal?: number;
  readonly volume: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly onReady?: (ready: boolean) => void;
}

/** An address of the loopback network that no other test uses; PostgreSQL listens on its own port 5432 there. */
export const podAddress = (): string => `127.${200 + Math.floor(Math.random() * 50)}.${Math.floor(Math.random() * 128)}.${1 + Math.floor(Math.random() * 250)}`;

/** Runs the instance program as a node agent would, and shows its readiness in the Pod. */
export async function startDatabasePod(program: InstanceProgram, client: Client, options: DatabasePodOptions): Promise<DatabasePod> {
  const { scope, ordinal = 0, ip = podAddress() } = options;
  const name = `${scope}-${ordinal}`;
  const pod = await ensurePod(client, name, scope);
  const key = { namespace: 'default', name };
  const mount = join(options.volume, name);
  mkdirSync(mount, { recursive: true });
  await client.patch(pods, key, 'merge', { status: { podIP: ip } }, { subresource: 'status' });
  const stop = new AbortController();
  let ready = false;
  let abandoned = false;
  const lines: string[] = [];
  const ended = program({
    pod,
    podIP: ip,
    client,
    env: {
      SCOPE: scope,
      PGVERSION: '18',
      PGUSER_SUPERUSER: 'postgres',
      PGPASSWORD_SUPERUSER: 'super-secret',
      PGUSER_STANDBY: 'standby',
      PGPASSWORD_STANDBY: 'standby-secret',
      ...options.env,
    },
    mounts: new Map([['/home/postgres/pgdata', mount]]),
    log: (text) => void lines.push(text.endsWith('\n') ? text : `${text}\n`),
    signal: stop.signal,
    setReady: (now) => {
      if (now === ready || abandoned) return;
      ready = now;
      options.onReady?.(now);
    },
  });
  ended.catch(() => {});
  return {
    ip,
    isReady: () => ready,
    log: () => lines.join(''),
    ended,
    abandon: () => (abandoned = true),
    stop: () => {
      stop.abort();
      return ended;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended.catch(() => {});
    },
  };
}

async function ensurePod(client: Client, name: string, scope: string): Promise<KubeObject> {
  try {
    return await client.get(pods, { namespace: 'default', name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { application: 'spilo', 'cluster-name': scope } },
    spec: { containers: [{ name: 'postgres', image: 'ghcr.io/zalando/spilo-18:4.1-p2' }] },
  };
  return client.create<KubeObject>(pods, pod);
}
