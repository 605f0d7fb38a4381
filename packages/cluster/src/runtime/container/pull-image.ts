import { createInterface } from 'node:readline';
import { expectCall, type EngineApi } from './engine-api.ts';

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** Name and password for a registry, by its host. */
export type RegistryCredentials = ReadonlyMap<string, { readonly username: string; readonly password: string }>;

/** Kubernetes' default: an image that may change is asked for each time. */
export function pullPolicy(image: string, policy: string | undefined): PullPolicy {
  if (policy === 'Always' || policy === 'IfNotPresent' || policy === 'Never') return policy;
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.includes('@') || (last.includes(':') && !last.endsWith(':latest')) ? 'IfNotPresent' : 'Always';
}

const pulling = new Map<string, Promise<void>>();

/**
 * Sees to it that the engine has the image. Those who ask for the same at the same time wait for one pull, each until its
 * signal aborts; the pull goes on.
 *
 * Errors: an Error whose message begins with what kubelets say.
 */
export async function pullImage(api: EngineApi, image: string, policy: PullPolicy, credentials: RegistryCredentials, signal: AbortSignal): Promise<void> {
  if (policy !== 'Always') {
    const known = await expectCall(api, { method: 'GET', path: `/images/${encodeURIComponent(image)}/json` }, [404]);
    if (known.status < 400) return;
    if (policy === 'Never') throw new Error(`Container image "${image}" is not present with pull policy of Never`);
  }
  const key = `${api.socket} ${image}`;
  let pull = pulling.get(key);
  if (!pull) {
    pull = fetchImage(api, image, credentials).finally(() => pulling.delete(key));
    pulling.set(key, pull);
  }
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new Error(`nobody waits for image "${image}" any more`));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    await Promise.race([pull, givenUp]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function fetchImage(api: EngineApi, image: string, credentials: RegistryCredentials): Promise<void> {
  const { name, tag } = splitReference(image);
  const login = credentials.get(registryOf(image));
  const headers: Readonly<Record<string, string>> = login ? { 'X-Registry-Auth': Buffer.from(JSON.stringify({ ...login, serveraddress: registryOf(image) })).toString('base64url') } : {};
  try {
    const progress = await api.stream({ method: 'POST', path: '/images/create', query: { fromImage: name, tag }, headers });
    // The status is good before anything is fetched; what went wrong comes in the stream.
    for await (const line of createInterface({ input: progress })) {
      const { error } = (line.trim() === '' ? {} : JSON.parse(line)) as { readonly error?: string };
      if (error) throw new Error(error);
    }
  } catch (error) {
    throw new Error(`Failed to pull image "${image}": ${(error as Error).message}`, { cause: error });
  }
}

function splitReference(image: string): { readonly name: string; readonly tag: string } {
  const digest = image.indexOf('@');
  if (digest >= 0) return { name: image.slice(0, digest), tag: image.slice(digest + 1) };
  const colon = image.lastIndexOf(':');
  return colon > image.lastIndexOf('/') ? { name: image.slice(0, colon), tag: image.slice(colon + 1) } : { name: image, tag: 'latest' };
}

/** `docker.io` when the first part of the name is no host. */
export function registryOf(image: string): string {
  const [first, ...rest] = image.split('/');
  return rest.length > 0 && (first === 'localhost' || /[.:]/.test(first!)) ? first! : 'docker.io';
}

/** The logins of a Secret of type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`; what is not understood counts for nothing. */
export function registryCredentials(secrets: readonly { readonly data?: Readonly<Record<string, string>> }[]): RegistryCredentials {
  const found = new Map<string, { readonly username: string; readonly password: string }>();
  for (const { data = {} } of secrets) {
    const hosts = hostsOf(data);
    for (const [host, login] of Object.entries(hosts)) {
      const [user, ...password] = typeof login?.auth === 'string' ? Buffer.from(login.auth, 'base64').toString('utf8').split(':') : [login?.username, login?.password ?? ''];
      const name = host.replace(/^https?:\/\//, '').replace(/\/.*$/, '').replace(/^(index|registry-1)\.docker\.io$/, 'docker.io');
      if (user && !found.has(name)) found.set(name, { username: user, password: password.join(':') });
    }
  }
  return found;
}

type Logins = Readonly<Record<string, { readonly auth?: string; readonly username?: string; readonly password?: string } | null>>;

function hostsOf(data: Readonly<Record<string, string>>): Logins {
  const read = (key: string): unknown => {
    try {
      return JSON.parse(Buffer.from(data[key] ?? '', 'base64').toString('utf8'));
    } catch {
      return undefined;
    }
  };
  return ((read('.dockerconfigjson') as { auths?: Logins } | undefined)?.auths ?? (read('.dockercfg') as Logins | undefined) ?? {});
}
