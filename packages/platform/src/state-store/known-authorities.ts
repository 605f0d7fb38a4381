import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreProblem } from './store-problem.ts';

/**
 * The authorities of one host, as PEM: the file of the host's name in a folder that the installation keeps (Kratix'
 * `KRATIX_TLS_DATA_PATH`, laid out as Argo CD's). Undefined without such a file. Read whenever a store is opened.
 */
export function authoritiesOfHost(folder: string | undefined, url: string): string | undefined {
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
  if (!folder || !/^[\w.:-]+$/.test(host) || host.startsWith('.')) return undefined;
  const file = join(folder, host);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  const text = size <= MAX_BYTES ? readFileSync(file, 'utf8') : '';
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new StoreProblem('ErrorInitialisingWriter', `the file of ${host} in KRATIX_TLS_DATA_PATH holds no certificates in PEM${size > MAX_BYTES ? ` (it has ${size} bytes, ${MAX_BYTES} are read)` : ''}`);
}

const MAX_BYTES = 1024 * 1024;
