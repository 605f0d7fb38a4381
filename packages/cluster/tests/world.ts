import { startControlPlane, tempDir, type ControlPlane } from '@plinth/testing';
import { defaultLogger, silentLogger } from '@plinth/controller-runtime';
import { join } from 'node:path';
import { startCluster, type Cluster, type ClusterOptions } from '../src/index.ts';

export interface World extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly cluster: Cluster;
  readonly dataDir: string;
  /** Stops the cluster and starts another on the same data. */
  restart(options?: Partial<ClusterOptions> & { readonly beforeStart?: () => Promise<unknown> }): Promise<void>;
}

/** A cluster of the test's own, on an API server of its own. Blocks of addresses differ from test file to test file. */
export async function startWorld({ listen = false, ...options }: Partial<ClusterOptions> & { readonly listen?: boolean } = {}): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const block = 30 + (process.pid % 200);
  const plane = undo.use(await startControlPlane({ listen, server: { serviceCIDR: `127.${block}.128.0/17` } }));
  const dataDir = join(dir.path, 'cluster');
  const start = (more: Partial<ClusterOptions> = {}): Promise<Cluster> =>
    startCluster({
      name: 'test',
      server: plane.server,
      clientFor: (user) => plane.clientFor(user),
      dataDir,
      catalogue: () => undefined,
      podCidr: `127.${block}.0.0/17`,
      serviceCidr: `127.${block}.128.0/17`,
      caCertificate: plane.pki.caCert,
      log: process.env["PLINTH_TEST_LOG"] ? defaultLogger : silentLogger,
      shutdownGraceMs: 500,
      ...options,
      ...more,
    });
  let cluster = await start();
  undo.defer(() => cluster[Symbol.asyncDispose]());
  const resources = undo.move();
  return {
    plane,
    get cluster() {
      return cluster;
    },
    dataDir,
    restart: async (more) => {
      await cluster[Symbol.asyncDispose]();
      await more?.beforeStart?.();
      cluster = await start(more);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
