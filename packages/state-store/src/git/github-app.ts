import { createPrivateKey, createSign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { GitRemoteError } from '@plinth/git';
import type { Credentials, CredentialSource } from '@plinth/git';
import { StateStoreError } from '../errors.ts';

/** Who a GitHub App is, and where it was installed. */
export interface GitHubAppOptions {
  readonly appId: string;
  readonly installationId: string;
  /** RSA key as PEM. */
  readonly privateKey: string;
  /** `https://api.github.com`, or `https://HOST/api/v3` on GitHub Enterprise. */
  readonly apiUrl: string;
  /** PEM of the authorities to trust instead of the well-known ones. */
  readonly ca?: string;
  /** For one call; 15,000 when absent. */
  readonly timeoutMs?: number;
  /** How long a token is used; as long as it is good when absent. */
  readonly keepMs?: number;
  readonly now?: () => Date;
}

/** A token is replaced when it has less than this to live. */
const renewBeforeMs = 5 * 60_000;
const maxAnswerBytes = 64 * 1024;

/**
 * Credentials of a GitHub App: a JWT signed with its key buys an installation token, which is the password of `x-access-token` for an
 * hour (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app). Kept while it is good, asked for once by
 * however many need it at the same time. Throws a StateStoreError (`unauthorized`) at once for ids or a key that cannot be right.
 */
export function gitHubAppCredentials(options: GitHubAppOptions): CredentialSource {
  const { appId, installationId, keepMs = Infinity, now = () => new Date() } = options;
  for (const [name, value] of [['appID', appId], ['installationID', installationId]] as const) {
    if (!/^[A-Za-z0-9._-]{1,100}$/.test(value)) throw new StateStoreError('unauthorized', `${name} of the GitHub App is not an id`);
  }
  const key = readKey(options.privateKey);
  let held: { readonly credentials: Credentials; readonly goodUntil: number } | undefined;
  let asking: Promise<Credentials> | undefined;

  const renew = async (): Promise<Credentials> => {
    const answer = await askForToken(options, signedToken(appId, key, now()));
    const credentials = { username: 'x-access-token', password: answer.token };
    held = { credentials, goodUntil: Math.min(answer.expiresAt - renewBeforeMs, now().getTime() + keepMs) };
    return credentials;
  };
  return {
    get: async () => {
      if (held && now().getTime() < held.goodUntil) return held.credentials;
      asking ??= renew().finally(() => (asking = undefined));
      return asking;
    },
    refused: (credentials) => {
      if (held?.credentials === credentials) held = undefined;
    },
  };
}

function readKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'rsa') throw new Error(`it is of type ${key.asymmetricKeyType}`);
    return key;
  } catch (cause) {
    // OpenSSL's words name no part of the key, but nothing is gained by them either.
    throw new StateStoreError('unauthorized', 'privateKey of the GitHub App is not an RSA key in PEM', { cause });
  }
}

/** RS256, good for nine minutes; issued a minute ago, for clocks that differ. GitHub allows ten. */
function signedToken(appId: string, key: KeyObject, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: seconds - 60, exp: seconds + 9 * 60, iss: appId })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}

async function askForToken(options: GitHubAppOptions, jwt: string): Promise<{ readonly token: string; readonly expiresAt: number }> {
  const url = `${options.apiUrl.replace(/\/+$/, '')}/app/installations/${options.installationId}/access_tokens`;
  const what = `POST ${url}`;
  const { status, text } = await post(what, url, jwt, options);
  const answer = parseAnswer(text);
  if (status !== 201) {
    const detail = `${what}: ${status}${typeof answer['message'] === 'string' ? ` ${answer['message'].slice(0, 200)}` : ''}`;
    // 404 is what GitHub says of an installation that is not this app's.
    if (status === 401 || status === 403 || status === 404 || status === 422) throw new GitRemoteError('unauthorized', detail);
    throw new GitRemoteError(status >= 500 || status === 429 ? 'unreachable' : 'protocol', detail);
  }
  const { token, expires_at: expiresAt } = answer;
  if (typeof token !== 'string' || token === '' || typeof expiresAt !== 'string' || Number.isNaN(Date.parse(expiresAt))) throw new GitRemoteError('protocol', `${what}: the answer holds no token`);
  return { token, expiresAt: Date.parse(expiresAt) };
}

function parseAnswer(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function post(what: string, url: string, jwt: string, { ca, timeoutMs = 15_000 }: GitHubAppOptions): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { authorization: `Bearer ${jwt}`, accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28', 'user-agent': 'plinth', 'content-length': '0' };
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await new Promise((resolve, reject) => {
      const call = url.startsWith('https:') ? httpsRequest(url, { method: 'POST', headers, signal, agent: false, ...(ca ? { ca } : {}) }) : httpRequest(url, { method: 'POST', headers, signal, agent: false });
      call.once('error', reject);
      call.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.once('error', reject);
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > maxAnswerBytes) response.destroy(new Error(`the answer is larger than ${maxAnswerBytes} bytes`));
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      call.end();
    });
  } catch (error) {
    if (signal.aborted) throw new GitRemoteError('timeout', `${what}: no answer within ${timeoutMs} ms`, { cause: error });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new GitRemoteError('unreachable', `${what}: ${code === 'ECONNREFUSED' ? 'connection refused' : message || code || 'connection failed'}`, { cause: error });
  }
}
