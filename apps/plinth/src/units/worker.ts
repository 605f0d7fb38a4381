import type { CatalogueEntry } from '@plinth/cluster';
import { createInstanceProgram, createOperatorProgram } from '@plinth/postgres';
import { startClusterOn } from './cluster.ts';
import { startControlPlane } from './control-plane.ts';
import { images } from './images.ts';
import { log } from './log.ts';
import type { StartUnit } from './run-unit.ts';

/** The cluster that services run on. */
export const startWorkerUnit: StartUnit = async (context) => {
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(await startControlPlane(context, 'worker'));
  const instance = stack.use(createInstanceProgram({ engineRoot: context.layout.postgres }));
  // Takes half a second once per machine, off the way of the first request.
  const prepared = instance.prepare().catch((err: unknown) => log('error', 'preparing PostgreSQL failed', { err }));
  const builtIn = new Map<string, CatalogueEntry>([
    [images.postgresOperator, { runtime: 'program', run: createOperatorProgram() }],
    [images.postgresInstance, { runtime: 'program', run: instance }],
  ]);
  stack.use(await startClusterOn(plane, context, 'worker', builtIn));
  context.progress('preparing PostgreSQL');
  await prepared;
  const disposables = stack.move();
  return { [Symbol.asyncDispose]: () => disposables.disposeAsync() };
};
