import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promises } from '@plinth/api';
import { isAlreadyExists, parseYaml, type KubeObject, type UnstructuredObject } from '@plinth/apimachinery';
import type { CatalogueEntry } from '@plinth/cluster';
import { gitopsManifests, startGitOpsAgent } from '@plinth/gitops-agent';
import { CONTROLLER_SERVICE_ACCOUNT, PIPELINE_ADAPTER_IMAGE, PLATFORM_NAMESPACE, platformAdmission, platformManifests, runPipelineAdapter, startPlatform } from '@plinth/platform';
import { promiseFile, stepImages } from '@plinth/promise-postgresql';
import { startClusterOn } from './cluster.ts';
import { serviceAccount, startControlPlane, type ControlPlane } from './control-plane.ts';
import { gitServerAddress } from './git-address.ts';
import { install } from './install.ts';
import { logger } from './logger.ts';
import { platformObjects } from './manifests.ts';
import type { StartUnit, UnitContext } from './run-unit.ts';

/** The cluster that people ask. */
export const startPlatformUnit: StartUnit = async (context) => {
  const { layout } = context;
  await using stack = new AsyncDisposableStack();
  const stopping = new AbortController();
  const admission = platformAdmission({ client: () => plane.admin });
  const plane: ControlPlane = stack.use(await startControlPlane(context, 'platform', [admission]));
  const builtIn = new Map<string, CatalogueEntry>([[PIPELINE_ADAPTER_IMAGE, { runtime: 'program', run: runPipelineAdapter }]]);
  for (const [image, module] of Object.entries(stepImages)) builtIn.set(image, { runtime: 'step', module });
  const installed = installAll(plane, context);
  stack.use(await startClusterOn(plane, context, 'platform', builtIn));
  context.progress('installing the platform');
  await installed;
  stack.defer(() => stopping.abort());
  const platform = stack.use(
    startPlatform({
      client: plane.clientFor(serviceAccount(PLATFORM_NAMESPACE, CONTROLLER_SERVICE_ACCOUNT)),
      signal: stopping.signal,
      log: logger,
    }),
  );
  plane.server.setMetrics(platform.metrics);
  stack.use(
    await startGitOpsAgent({
      client: plane.clientFor(serviceAccount('flux-system', 'kustomize-controller')),
      dataDir: join(layout.cluster('platform'), 'gitops'),
      signal: stopping.signal,
      log: logger,
    }),
  );
  const disposables = stack.move();
  return { [Symbol.asyncDispose]: () => disposables.disposeAsync() };
};

async function installAll(plane: ControlPlane, { layout, installation }: UnitContext): Promise<void> {
  await install(plane.admin, [...platformManifests(), ...gitopsManifests(), ...platformObjects(await gitServerAddress(layout, installation))]);
  // The Promise is the platform team's from the first start on: their changes to it, and its removal, stay.
  if (!installation.initialised.includes('platform')) await offer(plane, parseYaml(readFileSync(promiseFile, 'utf8')) as KubeObject);
}

async function offer(plane: ControlPlane, promise: KubeObject): Promise<void> {
  try {
    await plane.admin.create(promises, promise as UnstructuredObject, { fieldManager: 'plinth' });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
