import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startApiServer, type AdmissionHook, type ApiServer, type UserInfo } from '@plinth/apiserver';
import { openAuth } from '@plinth/apiserver/auth';
import { createClient, type Client } from '@plinth/client';
import { openSqliteStore } from '@plinth/object-store';
import { blockGuardAddress, guardPort } from '../config/addresses.ts';
import { openClusterPki } from '../config/identity.ts';
import { UserError } from '../errors.ts';
import { log } from './log.ts';
import type { UnitContext } from './run-unit.ts';

/** A cluster's API server with its store and its keys, and clients of it that act as somebody. */
export interface ControlPlane extends AsyncDisposable {
  readonly server: ApiServer;
  readonly clientFor: (user: UserInfo) => Client;
  /** With all rights, for what Plinth itself installs at the start. */
  readonly admin: Client;
  /** The root certificate, PEM. */
  readonly caCert: string;
}

export async function startControlPlane({ layout, installation }: UnitContext, name: 'platform' | 'worker', admission: readonly AdmissionHook[] = []): Promise<ControlPlane> {
  await using stack = new AsyncDisposableStack();
  const block = installation.blocks[name];
  stack.use(await guardBlock(block));
  mkdirSync(layout.cluster(name), { recursive: true, mode: 0o700 });
  const store = openSqliteStore({ file: join(layout.cluster(name), 'objects.db'), mode: installation.initialised.includes(name) ? 'open' : 'either' });
  stack.use(store);
  const pki = await openClusterPki(layout, installation, name);
  const auth = stack.use(await openAuth({ store, serviceAccountKey: pki.serviceAccountKey }));
  const serving = await pki.serving();
  const server = stack.use(
    await startApiServer({
      ...auth,
      admission: [...auth.admission, ...admission],
      store,
      name,
      listen: { host: '127.0.0.1', port: installation.ports[name], key: serving.key.reveal(), cert: serving.cert, clientCA: pki.caCert },
      serviceCIDR: `127.${block}.128.0/17`,
      log,
    }),
  );
  const clientFor = (user: UserInfo): Client => createClient(server.transport(user));
  const disposables = stack.move();
  return {
    server,
    clientFor,
    admin: clientFor({ name: 'plinth', groups: ['system:masters', 'system:authenticated'] }),
    caCert: pki.caCert,
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  };
}

/** Shows other Plinths on this machine that the block of loopback addresses is taken. */
async function guardBlock(block: number): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  if (process.platform === 'linux') {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(new UserError(`the addresses 127.${block}.0.0/16 are in use: ${error.message}`, { hint: 'another Plinth uses them; stop it, or start this one with another data directory' })),
      );
      server.listen({ host: blockGuardAddress(block), port: guardPort, exclusive: true }, resolve);
    });
  }
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => (server.listening ? server.close(() => resolve()) : resolve())) };
}

/** A ServiceAccount, as its tokens would say. */
export function serviceAccount(namespace: string, name: string): UserInfo {
  return { name: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] };
}
