import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openAuth, openPki, startApiServer, type ApiServer, type ApiServerOptions, type Auth, type ClusterPki, type UserInfo } from '@plinth/apiserver';
import { createClient, type Client } from '@plinth/client';
import { httpTransport, renderKubeconfig, type HttpTransportOptions } from '@plinth/client/node';
import { openMemoryStore, openSqliteStore, type ObjectStore } from '@plinth/object-store';

import { tempDir } from './temp-dir.ts';

export interface ControlPlaneOptions {
  /** Also serve HTTPS on a free loopback port, for stock kubectl. Default: in process only. */
  readonly listen?: boolean;
  /** `sqlite`: a file in a directory of the plane's own. Default `memory`. */
  readonly store?: 'memory' | 'sqlite';
  /** Default `test`. */
  readonly name?: string;
  /** Passed on to `startApiServer`. */
  readonly server?: Partial<Omit<ApiServerOptions, 'store' | 'listen'>>;
}

/** A control plane of the test's own: an API server with RBAC, no controllers. */
export interface ControlPlane extends AsyncDisposable {
  /** Of the administrator, in process. */
  readonly client: Client;
  /** Of somebody else, in process: `clientFor({ name: 'ann', groups: ['developers'] })`. */
  clientFor(user: string | UserInfo): Client;
  /**
   * With `listen`: a client over TLS that has these credentials and no others. By default it trusts the plane's authority.
   * Its connections end with the plane.
   */
  connect(credentials?: Omit<HttpTransportOptions, 'server'>): Client;
  readonly server: ApiServer;
  readonly auth: Auth;
  readonly pki: ClusterPki;
  readonly store: ObjectStore;
  /** With `listen`: `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** With `listen`: writes a kubeconfig for a user (default: the administrator) and returns its path. */
  kubeconfig(user?: UserInfo): Promise<string>;
}

const admin: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

/** Starts a real API server in this process, on a store of its own. `await using plane = await startControlPlane()`. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { name = 'test' } = options;
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const store = undo.use(options.store === 'sqlite' ? await openSqliteStore({ file: join(dir.path, 'store.db'), mode: 'create' }) : openMemoryStore());
  const pki = await openPki({ clusterName: name });
  const auth = undo.use(await openAuth({ store, serviceAccountKey: pki.serviceAccountKey }));
  const serving = options.listen ? await pki.serving() : undefined;
  const server = undo.use(
    await startApiServer({
      name,
      store,
      authenticator: auth.authenticator,
      authorizer: auth.authorizer,
      issueToken: auth.issueToken,
      authQueries: auth.authQueries,
      ...options.server,
      admission: [...auth.admission, ...(options.server?.admission ?? [])],
      ...(serving ? { listen: { host: '127.0.0.1', port: 0, cert: serving.cert, key: serving.key.reveal(), clientCA: pki.caCert } } : {}),
    }),
  );
  const clientFor = (user: string | UserInfo): Client => createClient(server.transport(typeof user === 'string' ? { name: user, groups: ['system:authenticated'] } : user));
  let written = 0;
  const resources = undo.move();
  return {
    client: clientFor(admin),
    clientFor,
    connect: (credentials = {}) => createClient(resources.use(httpTransport({ server: server.url, ca: pki.caCert, ...credentials }))),
    server,
    auth,
    pki,
    store,
    url: server.url,
    kubeconfig: async (user = admin) => {
      if (!serving) throw new Error('a kubeconfig needs a control plane that listens: startControlPlane({ listen: true })');
      const { cert, key } = await pki.client({ user: user.name, groups: user.groups.filter((group) => group !== 'system:authenticated') });
      written += 1;
      const home = join(dir.path, `home-${written}`);
      await mkdir(home);
      const path = join(home, 'kubeconfig');
      const text = renderKubeconfig({ contexts: [{ name, server: server.url, ca: pki.caCert, user: { name: user.name, clientCert: cert, clientKey: key } }] });
      await writeFile(path, text, { mode: 0o600 });
      return path;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
