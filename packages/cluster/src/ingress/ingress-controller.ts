import { endpoints, ingressClasses, ingresses, services, type Endpoints, type Ingress, type IngressClass, type Service } from '@plinth/api';
import { keyOf, keyString } from '@plinth/apimachinery';
import { done, runController, type Controller } from '@plinth/controller-runtime';
import type { ControllerContext } from '../controllers/controller-context.ts';
import { writeStatus } from '../controllers/write-status.ts';
import { backendTargets } from './backend-targets.ts';
import { createHttpProxy, type Decision } from './http-proxy.ts';
import { isServed, routingTable, type RoutingTable } from './routes.ts';

export interface IngressOptions {
  /** Where requests from outside arrive: a loopback address and a port. 0: any free one. */
  readonly host: string;
  readonly port: number;
  /** From the last byte of a request to the first of its answer, in ms. */
  readonly responseTimeoutMs?: number;
}

export interface IngressController extends AsyncDisposable {
  /** Where it listens; undefined while it cannot. */
  readonly port: number | undefined;
}

/**
 * Serves the Ingresses of this cluster at one port: listens, leads each request to a ready pod, and says in the status of
 * an Ingress where it is served. A port that somebody else holds is tried again; until then no Ingress has an address.
 */
export async function startIngressController(context: ControllerContext, options: IngressOptions): Promise<IngressController> {
  const { cache, clock, log } = context;
  const informer = cache.informer<Ingress>(ingresses);
  const classInformer = cache.informer<IngressClass>(ingressClasses);
  const sources = { services: cache.informer<Service>(services), endpoints: cache.informer<Endpoints>(endpoints) };
  const events = context.events('ingress-controller');
  let table: RoutingTable | undefined;
  let port: number | undefined;
  let cancelRetry = (): void => {};
  const currentTable = (): RoutingTable => (table ??= routingTable(informer.list().filter((each) => !each.metadata.deletionTimestamp && isServed(each, classInformer.list()))));

  const decide = (host: string, path: string): Decision => {
    const route = currentTable().match(host, path);
    if (!route) return { type: 'refuse', status: 404, why: `no Ingress of this cluster has ${host || 'a request without a host'}${path}` };
    const found = backendTargets(route.ingress.namespace!, route.backend, sources);
    return found.type === 'ready' ? { type: 'forward', targets: found.targets } : { type: 'refuse', status: 503, why: found.why };
  };
  const server = createHttpProxy({ decide, ...(options.responseTimeoutMs === undefined ? {} : { responseTimeoutMs: options.responseTimeoutMs }) });
  const listen = (): Promise<void> =>
    new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        log.warn({ host: options.host, port: options.port, err: error }, 'listening for Ingresses failed, trying again');
        cancelRetry = clock.setTimeout(() => void listenAgain(), RETRY_MS);
        resolve();
      };
      server.once('error', failed);
      server.listen({ host: options.host, port: options.port, backlog: 511 }, () => {
        server.off('error', failed);
        port = (server.address() as { readonly port: number }).port;
        resolve();
      });
    });

  await Promise.all([informer.synced, classInformer.synced, sources.services.synced, sources.endpoints.synced]);
  const outdated = { added: () => (table = undefined), updated: () => (table = undefined), deleted: () => (table = undefined) };
  const unsubscribe = [informer.subscribe(outdated), classInformer.subscribe(outdated)];
  await listen();
  const controller: Controller = runController({
    ...context,
    name: 'ingress',
    sources: [{ informer }, { informer: classInformer, map: () => informer.list().map(keyOf) }],
    reconcile: async (request) => {
      const ingress = informer.get(request);
      if (!ingress || ingress.metadata.deletionTimestamp || !isServed(ingress, classInformer.list())) return done;
      const conflict = currentTable().conflicts.find((each) => keyString(each.ingress) === keyString(request));
      if (conflict) events.record(ingresses, ingress, { type: 'Warning', reason: 'AddressTaken', message: `${conflict.address} is served for the Ingress ${keyString(conflict.holder)}, which is older` });
      await writeStatus(cache.client, ingresses, ingress, { loadBalancer: port === undefined ? {} : { ingress: [{ ip: options.host, ports: [{ port, protocol: 'TCP' }] }] } });
      return done;
    },
  });
  async function listenAgain(): Promise<void> {
    await listen();
    if (port === undefined) return;
    for (const ingress of informer.list()) controller.enqueue(keyOf(ingress));
  }

  return {
    get port() {
      return port;
    },
    [Symbol.asyncDispose]: async () => {
      cancelRetry();
      for (const end of unsubscribe) end();
      await controller[Symbol.asyncDispose]();
      await server.end();
    },
  };
}

const RETRY_MS = 1000;
