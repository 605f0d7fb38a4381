import { readFile } from 'node:fs/promises';
import { delimiter, dirname, resolve } from 'node:path';

import { parse as parseYaml, stringify } from 'yaml';

import type { HttpTransportOptions } from './http-transport.ts';
import { fileToken } from './token-file.ts';

/** What a kubeconfig says about one context: pass it to `httpTransport`. */
export interface KubeconfigContext extends HttpTransportOptions {
  readonly context: string;
  /** The context's default namespace; `default` when it names none. */
  readonly namespace: string;
  readonly user: string;
}

/** A kubeconfig cannot be used: what is wrong with which entry of which file. */
export class KubeconfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubeconfigError';
  }
}

/**
 * Reads one context (default: the current one) of a kubeconfig, given as its text (anything with a line break) or as a
 * path; several paths, joined as in `$KUBECONFIG`, are merged as kubectl does: the first to define a name wins.
 *
 * Errors: {@link KubeconfigError} for what is not a kubeconfig, for names that lead nowhere and for login methods that
 * are not supported (`exec`, `auth-provider`, password).
 */
export async function loadKubeconfig(textOrPath: string, context?: string): Promise<KubeconfigContext> {
  const config = textOrPath.includes('\n') ? parse(textOrPath, '<text>', '.') : await readMerged(textOrPath);
  const name = context ?? config.currentContext;
  if (!name) throw new KubeconfigError(`${config.where}: no context asked for and none is current`);
  const entry = pick(config, config.contexts, 'context', name);
  const clusterName = text(entry.value['cluster']) ?? '';
  const userName = text(entry.value['user']) ?? '';
  const cluster = pick(config, config.clusters, 'cluster', clusterName);
  const user = userName ? pick(config, config.users, 'user', userName) : undefined;
  const server = text(cluster.value['server']);
  if (!server || !URL.canParse(server)) throw new KubeconfigError(`${config.where}: cluster "${clusterName}" has no usable server: ${server ?? ''}`);
  for (const method of ['exec', 'auth-provider', 'username', 'password']) {
    if (user?.value[method] !== undefined) throw new KubeconfigError(`${config.where}: user "${userName}" logs in by ${method}, which is not supported; use a client certificate, a token or a token file`);
  }
  const token = text(user?.value['token']);
  const tokenFile = text(user?.value['tokenFile']);
  const [ca, clientCert, clientKey] = await Promise.all([
    inlineOrFile(cluster, 'certificate-authority'),
    inlineOrFile(user, 'client-certificate'),
    inlineOrFile(user, 'client-key'),
  ]);
  return {
    context: name,
    namespace: text(entry.value['namespace']) ?? 'default',
    user: userName,
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(clientCert === undefined ? {} : { clientCert }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(token === undefined ? {} : { token }),
    ...(tokenFile === undefined || user === undefined ? {} : { tokenProvider: fileToken(resolve(user.dir, tokenFile)) }),
    ...(cluster.value['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
    ...(text(cluster.value['tls-server-name']) ? { serverName: text(cluster.value['tls-server-name'])! } : {}),
  };
}

/** One context of a kubeconfig to write; cluster and user carry the context's name unless `user.name` says otherwise. */
export interface KubeconfigEntry {
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly ca?: string;
  readonly namespace?: string;
  readonly user: { readonly name?: string; readonly clientCert?: string; readonly clientKey?: string; readonly token?: string };
}

/** The text of a kubeconfig with everything inline. It holds credentials: write it with mode 0600. */
export function renderKubeconfig(options: { readonly contexts: readonly KubeconfigEntry[]; readonly currentContext?: string }): string {
  const { contexts } = options;
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const userName = (entry: KubeconfigEntry): string => entry.user.name ?? entry.name;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': options.currentContext ?? contexts[0]?.name ?? '',
    clusters: contexts.map(({ name, server, ca }) => ({
      name,
      cluster: { server, ...(ca === undefined ? {} : { 'certificate-authority-data': base64(ca) }) },
    })),
    contexts: contexts.map((entry) => ({
      name: entry.name,
      context: { cluster: entry.name, user: userName(entry), ...(entry.namespace ? { namespace: entry.namespace } : {}) },
    })),
    users: contexts.map((entry) => ({
      name: userName(entry),
      user: {
        ...(entry.user.clientCert === undefined ? {} : { 'client-certificate-data': base64(entry.user.clientCert) }),
        ...(entry.user.clientKey === undefined ? {} : { 'client-key-data': base64(entry.user.clientKey) }),
        ...(entry.user.token === undefined ? {} : { token: entry.user.token }),
      },
    })),
    preferences: {},
  }, { lineWidth: 0 });
}

interface Named {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Relative paths in an entry start at its file. */
  readonly dir: string;
}

interface Config {
  readonly where: string;
  readonly currentContext: string | undefined;
  readonly clusters: readonly Named[];
  readonly contexts: readonly Named[];
  readonly users: readonly Named[];
}

async function readMerged(paths: string): Promise<Config> {
  const configs: Config[] = [];
  for (const path of paths.split(delimiter).filter((each) => each !== '')) {
    let content: string;
    try {
      content = await readFile(path, 'utf8');
    } catch (cause) {
      throw new KubeconfigError(`cannot read the kubeconfig ${path}: ${(cause as Error).message}`, { cause });
    }
    configs.push(parse(content, path, dirname(path)));
  }
  return {
    where: paths,
    currentContext: configs.find((config) => config.currentContext)?.currentContext,
    clusters: configs.flatMap((config) => config.clusters),
    contexts: configs.flatMap((config) => config.contexts),
    users: configs.flatMap((config) => config.users),
  };
}

function parse(content: string, where: string, dir: string): Config {
  let document: unknown;
  try {
    document = parseYaml(content);
  } catch (cause) {
    // The parser quotes the line, which may hold a key.
    throw new KubeconfigError(`${where} is not YAML`, { cause: { code: (cause as { code?: unknown }).code } });
  }
  if (!isRecord(document)) throw new KubeconfigError(`${where} is not a kubeconfig: expected a mapping`);
  const named = (list: string, field: string): Named[] => {
    const entries = document[list] ?? [];
    if (!Array.isArray(entries)) throw new KubeconfigError(`${where}: ${list} is not a list`);
    return entries.map((entry: unknown, index) => {
      const name = isRecord(entry) ? text(entry['name']) : undefined;
      const value = isRecord(entry) ? (entry[field] ?? {}) : undefined;
      if (name === undefined || !isRecord(value)) throw new KubeconfigError(`${where}: ${list}[${index}] needs a name and a ${field}`);
      return { name, value, dir };
    });
  };
  return {
    where,
    currentContext: text(document['current-context']),
    clusters: named('clusters', 'cluster'),
    contexts: named('contexts', 'context'),
    users: named('users', 'user'),
  };
}

function pick(config: Config, entries: readonly Named[], what: string, name: string): Named {
  const found = entries.find((entry) => entry.name === name);
  if (found) return found;
  const known = entries.map((entry) => entry.name).join(', ') || 'none';
  throw new KubeconfigError(`${config.where}: no ${what} is named "${name}" (there are: ${known})`);
}

async function inlineOrFile(entry: Named | undefined, field: string): Promise<string | undefined> {
  const inline = text(entry?.value[`${field}-data`]);
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8');
  const file = text(entry?.value[field]);
  if (entry === undefined || file === undefined) return undefined;
  const path = resolve(entry.dir, file);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new KubeconfigError(`cannot read the ${field} of "${entry.name}": ${(cause as Error).message}`, { cause });
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
