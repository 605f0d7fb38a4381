import { join } from 'node:path';
import { createClient } from '@plinth/client';
import { httpTransport, loadKubeconfig } from '@plinth/client/node';
import type { CatalogueEntry } from '@plinth/cluster';
import { reporterKubeconfig } from '../config/identity.ts';
import { gitopsManifests, startDestinationReporter, startGitOpsAgent } from '@plinth/gitops-agent';
import { createInstanceProgram, createOperatorProgram, startHealthAgent } from '@plinth/postgres';
import { todoImage } from '@plinth/promise-app';
import { startClusterOn } from './cluster.ts';
import { serviceAccount, startControlPlane } from './control-plane.ts';
import { gitServerAddress } from './git-address.ts';
import { images } from './images.ts';
import { install } from './install.ts';
import { log } from './log.ts';
import { logger } from './logger.ts';
import { healthAgentUser, workerObjects } from './manifests.ts';
import { runTodoProgram } from './todo-program.ts';
import type { StartUnit } from './run-unit.ts';

/** The cluster that services run on. */
export const startWorkerUnit: StartUnit = async (context) => {
  const { layout, installation } = context;
  await using stack = new AsyncDisposableStack();
  const stopping = new AbortController();
  const plane = stack.use(await startControlPlane(context, 'worker'));
  const instance = stack.use(createInstanceProgram({ engineRoot: layout.postgres }));
  // Takes half a second once per machine, off the way of the first request.
  const prepared = instance.prepare().catch((err: unknown) => log('error', 'preparing PostgreSQL failed', { err }));
  const builtIn = new Map<string, CatalogueEntry>([
    [images.postgresOperator, { runtime: 'program', run: createOperatorProgram() }],
    [images.postgresInstance, { runtime: 'program', run: instance }],
    [todoImage, { runtime: 'program', run: runTodoProgram }],
  ]);
  const installed = gitServerAddress(layout, installation).then((git) => install(plane.admin, [...gitopsManifests(), ...workerObjects(git)]));
  stack.use(await startClusterOn(plane, context, 'worker', builtIn));
  context.progress('preparing PostgreSQL');
  await Promise.all([prepared, installed]);
  stack.defer(() => stopping.abort());
  stack.use(
    await startGitOpsAgent({
      client: plane.clientFor(serviceAccount('flux-system', 'kustomize-controller')),
      dataDir: join(layout.cluster('worker'), 'gitops'),
      signal: stopping.signal,
      log: logger,
    }),
  );
  const reporter = stack.use(httpTransport(await loadKubeconfig(reporterKubeconfig(layout))));
  stack.use(
    startHealthAgent({
      worker: plane.clientFor({ name: healthAgentUser, groups: ['system:authenticated'] }),
      platform: createClient(reporter),
      signal: stopping.signal,
      log: logger,
    }),
  );
  stack.use(
    startDestinationReporter({
      cluster: plane.clientFor(serviceAccount('flux-system', 'kustomize-controller')),
      platform: createClient(reporter),
      destination: 'worker-cluster',
      signal: stopping.signal,
      log: logger,
    }),
  );
  const disposables = stack.move();
  return { [Symbol.asyncDispose]: () => disposables.disposeAsync() };
};
