import { type PlatformPromise, type PromiseRelease, type Secret, secrets } from '@plinth/api';
import { isJsonObject, isNotFound, parseYamlDocuments } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { PLATFORM_API_VERSION } from '../naming/constants.ts';

export interface FetchPromiseOptions {
  /** Reads the Secret with the header `Authorization`. */
  readonly client: Client;
  readonly fetch: typeof globalThis.fetch;
  readonly signal?: AbortSignal;
}

/** Why a release's Promise could not be had; the message says from where and what came. It never holds a credential. */
export class FetchPromiseError extends Error {
  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'FetchPromiseError';
  }
}

/**
 * Fetches the Promise that a release names (contract, section 7.2): HTTP GET of `sourceRef.url`, with the header
 * `Authorization` from the key `authorizationHeader` of the Secret if one is named, or else from the address; 200 and one
 * document of kind Promise.
 *
 * Limits: 10 s in all, 3 MiB, 5 redirects; a redirect to another origin is followed without the header.
 */
export async function fetchPromise(release: PromiseRelease, { client, fetch, signal }: FetchPromiseOptions): Promise<PlatformPromise> {
  const { url = '', secretRef } = release.spec?.sourceRef ?? {};
  const { address: source, credentials } = splitCredentials(parseUrl(url));
  const authorization = secretRef ? await readAuthorization(client, secretRef) : credentials;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const text = await get(source, authorization, fetch, signal ? AbortSignal.any([signal, timeout]) : timeout);
  return parsePromise(text, shown(source));
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') throw new FetchPromiseError(`spec.sourceRef.url is no http or https address: ${JSON.stringify(parsed ? shown(parsed) : url.replace(/^([^:/]*:\/\/)?[^/]*@/, '$1').slice(0, 200))}`);
  return parsed;
}

/** `https://user:password@host/`: fetch() takes no such address, and quotes it when it refuses it. */
function splitCredentials(url: URL): { readonly address: URL; readonly credentials: string | undefined } {
  const address = new URL(url);
  address.username = '';
  address.password = '';
  const named = url.username !== '' || url.password !== '';
  return { address, credentials: named ? `Basic ${Buffer.from(`${decode(url.username)}:${decode(url.password)}`).toString('base64')}` : undefined };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address may hold a password or a signature; neither is to be read by others. */
const shown = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname}`;

async function readAuthorization(client: Client, { name = '', namespace = '' }: { readonly name?: string; readonly namespace?: string }): Promise<string> {
  const at = `${namespace}/${name}`;
  if (!name || !namespace) throw new FetchPromiseError('spec.sourceRef.secretRef needs name and namespace');
  let secret: Secret;
  try {
    secret = await client.get<Secret>(secrets, { namespace, name });
  } catch (error) {
    if (isNotFound(error)) throw new FetchPromiseError(`the Secret ${at} does not exist`, { cause: error });
    throw new FetchPromiseError(`cannot read the Secret ${at}: ${(error as Error).message}`, { cause: error });
  }
  const encoded = secret.data?.['authorizationHeader'];
  if (encoded === undefined) throw new FetchPromiseError(`the Secret ${at} has no key authorizationHeader`);
  const header = Buffer.from(encoded, 'base64').toString('utf8').trim();
  if (header === '' || /[^\x20-\x7e]/.test(header)) throw new FetchPromiseError(`the key authorizationHeader of the Secret ${at} is no value for a header`);
  return header;
}

async function get(source: URL, authorization: string | undefined, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<string> {
  let response: Response;
  let at = source;
  for (let hops = 0; ; hops += 1) {
    try {
      const sends = authorization !== undefined && at.origin === source.origin;
      response = await fetch(at.href, { headers: { accept: 'application/yaml, application/json, text/plain, */*', ...(sends ? { authorization } : {}) }, redirect: 'manual', signal });
    } catch (error) {
      throw new FetchPromiseError(`cannot fetch ${shown(at)}: ${reasonOf(error)}`, { cause: error });
    }
    const target = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (target === null) break;
    await response.body?.cancel();
    if (hops >= MAX_REDIRECTS) throw new FetchPromiseError(`cannot fetch ${shown(source)}: it redirects more than ${MAX_REDIRECTS} times`);
    if (!URL.canParse(target, at.href)) throw new FetchPromiseError(`cannot fetch ${shown(source)}: it redirects to something that is no address`);
    at = splitCredentials(parseUrl(new URL(target, at.href).href)).address;
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new FetchPromiseError(`cannot fetch ${shown(source)}: the server answered ${response.status}${response.statusText ? ` ${response.statusText}` : ''}, not 200`);
  }
  return readText(response, source);
}

async function readText(response: Response, source: URL): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > MAX_BYTES) throw new FetchPromiseError(`what ${shown(source)} sends is larger than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof FetchPromiseError) throw error;
    throw new FetchPromiseError(`cannot fetch ${shown(source)}: ${reasonOf(error)}`, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsePromise(text: string, url: string): PlatformPromise {
  let documents: readonly unknown[];
  try {
    documents = parseYamlDocuments(text).filter((document) => document !== null && document !== undefined);
  } catch (error) {
    throw new FetchPromiseError(`what ${url} sends is no YAML: ${(error as Error).message}`, { cause: error });
  }
  if (documents.length !== 1) throw new FetchPromiseError(`what ${url} sends has ${documents.length} documents; it must be one Promise`);
  const [document] = documents;
  if (!isJsonObject(document) || document['kind'] !== 'Promise' || document['apiVersion'] !== PLATFORM_API_VERSION) {
    throw new FetchPromiseError(`what ${url} sends is no Promise of ${PLATFORM_API_VERSION}`);
  }
  const metadata = document['metadata'];
  if (!isJsonObject(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '') throw new FetchPromiseError(`the Promise that ${url} sends has no name`);
  return document as unknown as PlatformPromise;
}

/** fetch() hides the reason in the cause of its TypeError. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { readonly cause?: { readonly code?: string; readonly message?: string } };
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  return cause?.message || cause?.code || message;
}

const TIMEOUT_MS = 10_000;
/** As large as an object may be in the API server. */
const MAX_BYTES = 3 * 1024 * 1024;
const MAX_REDIRECTS = 5;
