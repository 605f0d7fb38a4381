import { setMaxListeners } from 'node:events';
import { notFound } from '@plinth/apimachinery';
import { builtinKinds as builtins, type Kind } from '@plinth/api';
import type { ObjectStore } from '@plinth/object-store';
import type { AuthQueries } from './auth/index.ts';
import type { AdmissionHook } from './admission/hook.ts';
import type { Core, Log } from './core.ts';
import type { PodLogs, TokenIssuer } from './hooks.ts';
import { compactHistory } from './housekeeping/compact-history.ts';
import { listen, type ListenOptions } from './http/listen.ts';
import { builtinKinds } from './registry/builtins.ts';
import { Registry } from './registry/registry.ts';
import { serviceAddresses } from './strategies/service-addresses.ts';
import { strategies } from './strategies/index.ts';
import { followCrds } from './crd/crd-controller.ts';
import type { Authenticator, Authorizer, UserInfo } from './request.ts';
import { checkAccess } from './check-access.ts';
import { Metrics } from './metrics.ts';
import { seedNamespaces } from './seed.ts';
import { decode, forgetSuperseded } from './storage/codec.ts';
import { inProcessTransport, type InProcessTransport } from './transport.ts';

export interface ApiServerOptions {
  /** Stays the caller's: the server does not dispose of it. */
  readonly store: ObjectStore;
  /** Of the cluster; for logs. */
  readonly name: string;
  /** Default: all of `@plinth/api` that are built in. */
  readonly kinds?: readonly Kind[];
  /** Absent: reachable in process only. */
  readonly listen?: ListenOptions;
  /** Required with `listen`. */
  readonly authenticator?: Authenticator;
  readonly authorizer: Authorizer;
  /** Addresses for Services: `127.0.128.0/17`. Absent: Services get no address. */
  readonly serviceCIDR?: string;
  readonly admission?: readonly AdmissionHook[];
  readonly issueToken?: TokenIssuer;
  /** For `SelfSubjectRulesReview` and `TokenReview`. `openAuth` makes authenticator, authorizer, admission, issueToken and this. */
  readonly authQueries?: AuthQueries;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly log?: Log;
}

export interface ApiServer extends AsyncDisposable {
  /** `https://127.0.0.1:16443`, or `inproc://NAME` without `listen`. */
  readonly url: string;
  /** A client's way into this server, in process and without serialisation. */
  transport(user: UserInfo): InProcessTransport;
  /** Where pods' logs come from. */
  setPodLogs(provider: PodLogs): void;
  /** What else `/metrics` shows, in the Prometheus text format: of the controllers that run beside the server, say. */
  setMetrics(provider: () => Promise<string>): void;
}

/**
 * Starts a Kubernetes API server on an object store.
 *
 * Guarantees: ready for every built-in kind and every stored CRD when it resolves. Disposing ends watches at once, lets
 * requests at work finish, and closes the sockets.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  if (options.listen && !options.authenticator) throw new Error('an API server that listens needs an authenticator');
  await using starting = new AsyncDisposableStack();
  const { store, now = Date.now, random = Math.random, log = () => {} } = options;
  const stopping = new AbortController();
  // Every watch listens to it.
  setMaxListeners(0, stopping.signal);
  starting.defer(() => stopping.abort());
  const registry = new Registry();
  const addresses = options.serviceCIDR === undefined ? undefined : starting.use(serviceAddresses(store, options.serviceCIDR, random));
  const hasServiceAccount = (namespace: string, name: string): boolean => store.get(`/registry/core/serviceaccounts/${namespace}/${name}`) !== undefined;
  registry.change(() => false, builtinKinds(options.kinds ?? builtins, strategies(registry, addresses, hasServiceAccount)));
  const core: Core = {
    name: options.name,
    store,
    registry,
    authorizer: options.authorizer,
    authenticator: options.authenticator,
    admission: options.admission ?? [],
    now,
    random,
    log,
    issueToken: options.issueToken,
    authQueries: options.authQueries,
    podLogs: undefined,
    checkCreate: (target, context) => checkAccess(core, target, 'create', context),
    metrics: new Metrics(),
    moreMetrics: undefined,
    signal: stopping.signal,
    namespace: (name) => {
      const entry = store.get(`/registry/core/namespaces/${name}`);
      return entry && decode(entry);
    },
    namespaceMissing: (name) => notFound({ group: '', plural: 'namespaces' }, name),
  };
  await seedNamespaces(core);
  starting.defer(followCrds(core));
  starting.defer(compactHistory(core));
  starting.defer(forgetSuperseded(store));
  const listener = options.listen && starting.use(await listen(core, options.listen));
  // What was begun first ends last, but watches end before anybody waits for the connections that they are on.
  starting.defer(() => stopping.abort());
  const running = starting.move();
  return {
    url: listener ? `https://${options.listen!.host}:${listener.port}` : `inproc://${options.name}`,
    transport: (user) => inProcessTransport(core, user),
    setPodLogs: (provider) => {
      core.podLogs = provider;
    },
    setMetrics: (provider) => {
      core.moreMetrics = provider;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
