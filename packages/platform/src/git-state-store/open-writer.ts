import type { GitStateStore } from '@plinth/api';
import type { Logger } from '@plinth/controller-runtime';
import { type GitExchange, gitHubAppCredentials, GitStateStore as GitWriter, type GitStateStoreOptions, isSshUrl, type StateStoreWriter } from '@plinth/state-store';
import { authorities } from '../state-store/authorities.ts';
import { authoritiesOfHost } from '../state-store/known-authorities.ts';
import type { OpenWriterOptions } from '../state-store/open-writer.ts';
import type { StoreSecret } from '../state-store/secret.ts';
import { StoreProblem } from '../state-store/store-problem.ts';

/** The writer for a git repository (contract, section 5.4). */
export async function openGitWriter(store: GitStateStore, secret: StoreSecret | undefined, moved: () => void, options: OpenWriterOptions, log: Logger): Promise<StateStoreWriter> {
  const { url = '', branch, path, gitAuthor } = store.spec ?? {};
  const { git = {} } = options;
  return GitWriter.open({
    ...loginOf(store, secret, options),
    url,
    branch: branch || 'main',
    ...(path ? { path } : {}),
    ...(git.timeoutMs === undefined ? {} : { timeoutMs: git.timeoutMs }),
    ...(git.isTraced ? { trace: traceTo(log, store.metadata.name) } : {}),
    onForeignChange: moved,
    author: { name: gitAuthor?.name || 'kratix', ...(gitAuthor?.email ? { email: gitAuthor.email } : {}) },
  });
}

function traceTo(log: Logger, name: string): (exchange: GitExchange) => void {
  return ({ error, ...exchange }) => log.info({ gitStateStore: name, ...exchange, ...(error ? { err: error } : {}) }, 'exchange with a git server');
}

/** How to log in, from `authMethod` and the keys of the Secret. Throws a StoreProblem that says which key or address is wrong. */
function loginOf(store: GitStateStore, secret: StoreSecret | undefined, { ca: installationCa, git = {} }: OpenWriterOptions): Pick<GitStateStoreOptions, 'auth' | 'ssh' | 'ca'> {
  const { url = '', authMethod = 'basicAuth' } = store.spec ?? {};
  switch (authMethod) {
    case 'ssh': {
      if (!isSshUrl(url)) throw wrongUrl(url, 'authMethod ssh needs ssh://user@host/path or user@host:path');
      const keys = needed(secret, authMethod);
      return { ssh: { privateKey: keys.require('sshPrivateKey'), knownHosts: keys.require('knownHosts') } };
    }
    case 'githubApp': {
      checkHttps(url);
      const keys = needed(secret, authMethod);
      const ca = authorities(installationCa, keys.get('ca.crt') ?? authoritiesOfHost(git.authoritiesFolder, url));
      const trust = ca ? { ca } : {};
      const limits = { ...(git.gitHubTimeoutMs === undefined ? {} : { timeoutMs: git.gitHubTimeoutMs }), ...(git.keepTokenMs === undefined ? {} : { keepMs: git.keepTokenMs }) };
      const app = { appId: keys.require('appID'), installationId: keys.require('installationID'), privateKey: keys.require('privateKey') };
      return { auth: gitHubAppCredentials({ ...app, apiUrl: keys.get('apiURL') ?? gitHubApiOf(url), ...trust, ...limits }), ...trust };
    }
    case 'basicAuth': {
      checkHttps(url);
      const ca = authorities(installationCa, secret?.get('ca.crt') ?? authoritiesOfHost(git.authoritiesFolder, url));
      // A token alone is enough for GitHub, under this name.
      const username = secret?.get('username') ?? (url.includes('github') ? 'x-access-token' : '');
      return { ...(secret ? { auth: { username, password: secret.require('password') } } : {}), ...(ca ? { ca } : {}) };
    }
    default:
      throw new StoreProblem('ErrorInitialisingWriter', `authMethod ${JSON.stringify(authMethod)} is not known: basicAuth, ssh and githubApp are`);
  }
}

function needed(secret: StoreSecret | undefined, authMethod: string): StoreSecret {
  if (!secret) throw new StoreProblem('ErrorInitialisingWriter', `authMethod ${authMethod} needs spec.secretRef`);
  return secret;
}

/** A password does not travel in the clear, but for a server on this machine. */
function checkHttps(url: string): void {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) throw wrongUrl(url, 'it has to begin with https:// (http:// is for servers on this machine)');
}

function wrongUrl(url: string, why: string): StoreProblem {
  return new StoreProblem('ErrorInitialisingWriter', `the URL ${JSON.stringify(url.replace(/\/\/[^/@]*@/, '//…@').slice(0, 200))} cannot be used: ${why}`);
}

/** The API beside a repository: github.com's is a host of its own, on GitHub Enterprise it is a path (https://docs.github.com/en/enterprise-server/rest). */
function gitHubApiOf(url: string): string {
  const { host, origin } = new URL(url);
  return host === 'github.com' ? 'https://api.github.com' : `${origin}/api/v3`;
}
