import { join } from 'node:path';
import { startCluster, type CatalogueEntry, type Cluster } from '@plinth/cluster';
import { STEP_TOOLS } from '@plinth/step-tools';
import { readEnvironment } from '../config/environment.ts';
import { createCatalogue, SHELL_IMAGES } from './catalogue.ts';
import type { ControlPlane } from './control-plane.ts';
import { log } from './log.ts';
import { logger } from './logger.ts';
import type { UnitContext } from './run-unit.ts';

/** Controllers and node agent on a control plane, with the images that this installation knows. */
export function startClusterOn(plane: ControlPlane, { layout, installation }: UnitContext, name: 'platform' | 'worker', builtIn: ReadonlyMap<string, CatalogueEntry>): Promise<Cluster> {
  const block = installation.blocks[name];
  const steps = [...builtIn.values()].flatMap((entry) => (entry.runtime === 'step' ? [entry.module] : []));
  return startCluster({
    name,
    server: plane.server,
    clientFor: plane.clientFor,
    dataDir: layout.cluster(name),
    // Commands of this machine are for pipelines; what runs for ever on a worker is programs and containers.
    catalogue: createCatalogue(layout, { builtIn, ...(name === 'platform' ? { defaults: SHELL_IMAGES } : {}) }, (problem) => log('warn', 'the image catalogue has a problem', { problem })),
    podCidr: `127.${block}.0.0/17`,
    serviceCidr: `127.${block}.128.0/17`,
    apiAddress: { host: '127.0.0.1', port: installation.ports[name] },
    caCertificate: plane.caCert,
    // Applications run on the worker.
    ...(name === 'worker' && installation.ports.ingress !== undefined ? { ingress: { host: '127.0.0.1', port: installation.ports.ingress } } : {}),
    toolDirectories: [join(layout.root, 'bin')],
    spareTools: STEP_TOOLS,
    hiddenDirectories: [layout.root],
    engineSockets: readEnvironment().engineSockets,
    steps: { host: new URL('./step-host.ts', import.meta.url), preload: steps },
    // As in Kubernetes, but for a person who watches: the first waits are shorter than a minute.
    backoffBaseMs: 1000,
    log: logger,
  });
}
