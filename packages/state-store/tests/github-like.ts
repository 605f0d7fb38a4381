import { createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { credentials } from '@plinth/git/testing';
import type { GitHubAppOptions } from '../src/index.ts';

/** What GitHub does for an App, in front of a git server: tokens for who signs with its key, and git for who has a token. */
export interface GitHubLike extends AsyncDisposable {
  /** Of the server; a repository is `URL/OWNER/NAME`. */
  readonly url: string;
  readonly app: GitHubAppOptions;
  /** How many tokens were given out. */
  readonly issued: number;
  /** No token that was given out is good any more. */
  revoke(): void;
  /** The App was taken off the organisation. */
  uninstall(): void;
}

/** `gitUrl`: a git server that takes the credentials of `@plinth/git/testing`. `lifetimeMs` of tokens, an hour when absent. */
export async function startGitHubLike(gitUrl: string, tls: { readonly key: string; readonly cert: string }, options: { readonly lifetimeMs?: number; readonly now?: () => Date } = {}): Promise<GitHubLike> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = options.now ?? (() => new Date());
  const good = new Set<string>();
  let issued = 0;
  let isInstalled = true;

  const isOurApp = (authorization: string | undefined): boolean => {
    const [head = '', claims = '', signature = ''] = (authorization ?? '').replace(/^Bearer /, '').split('.');
    if (!createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(publicKey, signature, 'base64url')) return false;
    const { iat, exp, iss } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly iat: number; readonly exp: number; readonly iss: string };
    const seconds = now().getTime() / 1000;
    return iss === '17' && iat <= seconds && exp > seconds && exp - seconds <= 600;
  };
  const server = createServer(tls, (request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const json = (status: number, value: object): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (request.url!.startsWith('/api/v3/')) {
        if (request.method !== 'POST' || !isOurApp(request.headers.authorization)) return json(401, { message: 'A JSON web token could not be decoded' });
        if (request.url !== '/api/v3/app/installations/42/access_tokens' || !isInstalled) return json(404, { message: 'Not Found' });
        const token = `ghs_${++issued}`;
        good.add(token);
        return json(201, { token, expires_at: new Date(now().getTime() + (options.lifetimeMs ?? 3_600_000)).toISOString() });
      }
      const [user, token = ''] = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString().split(':');
      if (user !== 'x-access-token' || !good.has(token)) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' }).end();
      if (request.url!.endsWith('/-/events')) return void response.writeHead(404).end();
      const { host: _, connection: __, ...headers } = request.headers as Record<string, string>;
      headers['authorization'] = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
      const answer = await fetch(gitUrl + request.url!, { method: request.method!, headers, ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}) });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(Buffer.from(await answer.arrayBuffer()));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    app: { appId: '17', installationId: '42', privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string, apiUrl: `${url}/api/v3`, ca: tls.cert, now },
    get issued() {
      return issued;
    },
    revoke: () => good.clear(),
    uninstall: () => (isInstalled = false),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
