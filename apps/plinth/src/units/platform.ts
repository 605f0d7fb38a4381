import { join } from 'node:path';
import type { CatalogueEntry } from '@plinth/cluster';
import { gitopsManifests, startDestinationReporter, startGitOpsAgent } from '@plinth/gitops-agent';
import { CONTROLLER_SERVICE_ACCOUNT, PIPELINE_ADAPTER_IMAGE, PLATFORM_NAMESPACE, platformAdmission, parseEnvironment, platformManifests, runPipelineAdapter, startPlatform } from '@plinth/platform';
import { readEnvironment } from '../config/environment.ts';
import { startClusterOn } from './cluster.ts';
import { serviceAccount, startControlPlane, type ControlPlane } from './control-plane.ts';
import { gitServerAddress } from './git-address.ts';
import { install } from './install.ts';
import { keepOthersRequests } from './keep-others-requests.ts';
import { logger, platformLog, platformLogLevel, platformTextLog } from './logger.ts';
import { platformObjects } from './manifests.ts';
import { followIngressPort, offeredStepImages, offerPromises } from './offer-promises.ts';
import { platformKustomizations, platformReporterUser } from './platform-destination.ts';
import type { StartUnit, UnitContext } from './run-unit.ts';

/** The cluster that people ask. */
export const startPlatformUnit: StartUnit = async (context) => {
  const { layout } = context;
  await using stack = new AsyncDisposableStack();
  const stopping = new AbortController();
  const admission = platformAdmission({ client: () => plane.admin });
  const plane: ControlPlane = stack.use(await startControlPlane(context, 'platform', [admission, keepOthersRequests]));
  const builtIn = new Map<string, CatalogueEntry>([[PIPELINE_ADAPTER_IMAGE, { runtime: 'program', run: runPipelineAdapter }]]);
  for (const [image, module] of Object.entries(offeredStepImages)) builtIn.set(image, { runtime: 'step', module });
  const installed = installAll(plane, context);
  stack.use(await startClusterOn(plane, context, 'platform', builtIn));
  context.progress('installing the platform');
  await installed;
  stack.defer(() => stopping.abort());
  const environment = parseEnvironment(readEnvironment().kratix);
  for (const warning of environment.warnings) platformLog.warn({ setting: warning }, 'a variable of the environment is not taken');
  const platform = stack.use(
    startPlatform({
      client: plane.clientFor(serviceAccount(PLATFORM_NAMESPACE, CONTROLLER_SERVICE_ACCOUNT)),
      signal: stopping.signal,
      log: platformLog,
      textLog: platformTextLog,
      ...(environment.loggerName ? { loggerName: environment.loggerName } : {}),
      gitClient: environment.gitClient,
      config: { ...environment.config, logging: { structured: true, level: platformLogLevel } },
    }),
  );
  plane.server.setMetrics(platform.metrics);
  stack.use(
    await startGitOpsAgent({
      client: plane.clientFor(serviceAccount('flux-system', 'kustomize-controller')),
      clientFor: (namespace, name) => plane.clientFor(serviceAccount(namespace, name)),
      dataDir: join(layout.cluster('platform'), 'gitops'),
      signal: stopping.signal,
      log: logger,
    }),
  );
  stack.use(
    startDestinationReporter({
      cluster: plane.clientFor(serviceAccount('flux-system', 'kustomize-controller')),
      platform: plane.clientFor({ name: platformReporterUser, groups: ['system:authenticated'] }),
      destination: 'platform-cluster',
      kustomizations: platformKustomizations,
      signal: stopping.signal,
      log: logger,
    }),
  );
  const disposables = stack.move();
  return { [Symbol.asyncDispose]: () => disposables.disposeAsync() };
};

async function installAll(plane: ControlPlane, { layout, installation }: UnitContext): Promise<void> {
  await install(plane.admin, [...platformManifests(), ...gitopsManifests(), ...platformObjects(await gitServerAddress(layout, installation))]);
  if (installation.initialised.includes('platform')) await followIngressPort(plane.admin, installation.ports.ingress);
  else await offerPromises(plane.admin, installation.ports.ingress);
}
