import { pods, secrets, services, type Pod, type Secret, type Service } from '@plinth/api';
import type { ApiResource, KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import pg from 'pg';
import type { BenchPlatform } from './platform.ts';

export const requests: ApiResource = { group: 'marketplace.kratix.io', version: 'v1alpha2', kind: 'postgresql', plural: 'postgresqls', namespaced: true };

export const requestFor = (name: string): UnstructuredObject => ({
  apiVersion: 'marketplace.kratix.io/v1alpha2',
  kind: 'postgresql',
  metadata: { name, namespace: 'default' },
  spec: { env: 'dev', teamId: 'acid', dbName: 'bestdb' },
});

/**
 * From the moment a request is sent until its database answered SQL to the issued credentials, in ms. Everything is
 * waited for on watches that stand before the request is made; only the login itself is tried again (each 2 ms), because
 * nothing tells when a role appears in a database.
 */
export async function requestToSql(bench: BenchPlatform, name: string, watcher: WorkerWatch): Promise<number> {
  const started = performance.now();
  const answered = firstRow(watcher, `acid-${name}-postgresql`);
  await bench.platform.create(requests, requestFor(name));
  await answered;
  return performance.now() - started;
}

export async function giveBack(bench: BenchPlatform, name: string, watcher: WorkerWatch): Promise<void> {
  await bench.platform.delete(requests, { namespace: 'default', name });
  await watcher.gone(pods, `acid-${name}-postgresql-0`);
}

async function firstRow(watcher: WorkerWatch, name: string): Promise<void> {
  const secret = await watcher.seen<Secret>(secrets, `acid.${name}.credentials.postgresql.acid.zalan.do`, (found) => Boolean(found.data?.['password']));
  const service = await watcher.seen<Service>(services, name, (found) => Boolean(found.spec?.clusterIP));
  await watcher.seen<Pod>(pods, `${name}-0`, (pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false);
  const password = Buffer.from(secret.data!['password']!, 'base64').toString();
  for (const deadline = performance.now() + 60_000; ; ) {
    const client = new pg.Client({ host: service.spec!.clusterIP!, port: 5432, user: 'acid', password, database: 'bestdb' });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2));
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** Watches of the worker's namespace `default`, one per kind, shared by all waiters. */
export class WorkerWatch implements Disposable {
  readonly #client: Client;
  readonly #ended = new AbortController();
  readonly #objects = new Map<string, KubeObject>();
  readonly #waiters = new Set<() => void>();

  private constructor(client: Client) {
    this.#client = client;
  }

  static async start(client: Client): Promise<WorkerWatch> {
    const watch = new WorkerWatch(client);
    await Promise.all([pods, secrets, services].map((resource) => watch.#follow(resource)));
    return watch;
  }

  seen<T extends KubeObject>(resource: ApiResource, name: string, predicate: (object: T) => boolean): Promise<T> {
    return this.#until(() => {
      const object = this.#objects.get(`${resource.plural}/${name}`) as T | undefined;
      return object && predicate(object) ? object : undefined;
    }, `${resource.plural}/${name}`);
  }

  async gone(resource: ApiResource, name: string): Promise<void> {
    await this.#until(() => (this.#objects.has(`${resource.plural}/${name}`) ? undefined : true), `${resource.plural}/${name} to be gone`);
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  #until<T>(look: () => T | undefined, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(check);
        reject(new Error(`waited 120 s for ${what}`));
      }, 120_000);
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(found);
      };
      this.#waiters.add(check);
      check();
    });
  }

  async #follow(resource: ApiResource): Promise<void> {
    const { signal } = this.#ended;
    const list = await this.#client.list(resource, { namespace: 'default' });
    for (const object of list.items) this.#objects.set(`${resource.plural}/${object.metadata.name}`, object);
    void (async () => {
      for await (const event of this.#client.watch(resource, { namespace: 'default', resourceVersion: list.metadata.resourceVersion, signal })) {
        if (event.type === 'ERROR') throw new Error(`watch of ${resource.plural}: ${event.object.message}`);
        if (event.type === 'BOOKMARK') continue;
        const key = `${resource.plural}/${event.object.metadata.name}`;
        if (event.type === 'DELETED') this.#objects.delete(key);
        else this.#objects.set(key, event.object);
        for (const check of this.#waiters) check();
      }
    })();
  }
}
