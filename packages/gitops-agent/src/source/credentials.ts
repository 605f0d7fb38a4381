import { secrets, type GitRepository, type Secret } from '@plinth/api';
import type { Client } from '@plinth/client';
import { AuthenticationFailed, type GitAddress } from './git-remotes.ts';

/**
 * How to reach the repository of a GitRepository, with the credentials of its Secret: `username` and `password`, or
 * `bearerToken`; `ca.crt` (or `caFile`) for a server with a private CA.
 *
 * Errors: AuthenticationFailed when the Secret is missing or holds none of these.
 */
export async function readAddress(client: Client, repository: GitRepository): Promise<GitAddress> {
  const { url = '', secretRef } = repository.spec ?? {};
  if (!secretRef) return { url };
  const namespace = repository.metadata.namespace ?? '';
  const name = `'${namespace}/${secretRef.name}'`;
  const secret = await client.find<Secret>(secrets, { namespace, name: secretRef.name });
  if (!secret) throw new AuthenticationFailed(`failed to get secret ${name}: secrets "${secretRef.name}" not found`);
  const text = (key: string): string | undefined => {
    const data = secret.data?.[key];
    return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
  };
  const [username, password, bearerToken, ca] = [text('username'), text('password'), text('bearerToken'), text('ca.crt') ?? text('caFile')];
  if (username === undefined && bearerToken === undefined && ca === undefined) {
    const what = text('identity') === undefined ? 'it holds none of username, bearerToken and ca.crt' : 'it holds an SSH key, and only http and https are supported';
    throw new AuthenticationFailed(`failed to configure authentication from secret ${name}: ${what}`);
  }
  if (username !== undefined && password === undefined) {
    throw new AuthenticationFailed(`failed to configure authentication from secret ${name}: it holds username but no password`);
  }
  return {
    url,
    ...(username === undefined ? {} : { username: username.trim(), password: (password ?? '').replace(/\r?\n$/, '') }),
    ...(bearerToken === undefined ? {} : { bearerToken: bearerToken.trim() }),
    ...(ca === undefined ? {} : { ca }),
  };
}
