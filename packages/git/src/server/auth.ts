import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { GitServerOptions } from './options.ts';

export type Access = { readonly allowed: true; readonly username: string | undefined } | { readonly allowed: false };

/** Decides who may read and who may push. Compares credentials in constant time. */
export class Gatekeeper {
  readonly #known: readonly { readonly username: string; readonly digest: Buffer }[];
  readonly #anonymousRead: 'loopback' | 'always' | 'never';

  constructor(options: Pick<GitServerOptions, 'credentials' | 'anonymousRead'>) {
    this.#known = options.credentials.map(({ username, password }) => ({ username, digest: digestOf(username, password) }));
    this.#anonymousRead = options.anonymousRead ?? 'loopback';
  }

  /** Wrong credentials are refused even where none are needed, so that nobody believes that they work. */
  check(request: IncomingMessage, act: 'read' | 'write'): Access {
    const header = request.headers.authorization;
    if (header !== undefined) {
      const username = this.#identify(header);
      return username === undefined ? { allowed: false } : { allowed: true, username };
    }
    return act === 'read' && this.#readsAnonymously(request) ? { allowed: true, username: undefined } : { allowed: false };
  }

  #identify(header: string): string | undefined {
    const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header)?.[1];
    if (encoded === undefined) return undefined;
    const text = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) return undefined;
    const given = digestOf(text.slice(0, colon), text.slice(colon + 1));
    let found: string | undefined;
    for (const { username, digest } of this.#known) if (timingSafeEqual(digest, given)) found = username;
    return found;
  }

  #readsAnonymously(request: IncomingMessage): boolean {
    if (this.#anonymousRead !== 'loopback') return this.#anonymousRead === 'always';
    const address = request.socket.remoteAddress ?? '';
    return address === '::1' || /^(?:::ffff:)?127\./.test(address);
  }
}

function digestOf(username: string, password: string): Buffer {
  return createHash('sha256').update(`${Buffer.byteLength(username)}:${username}:${password}`).digest();
}
