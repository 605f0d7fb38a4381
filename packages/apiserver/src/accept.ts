import { notAcceptable } from '@plinth/apimachinery';

/** What the client wants back, of what we can give: JSON, or another form of the object in JSON. */
export interface Accepted {
  readonly as?: { readonly as: string; readonly apiVersion: string; readonly group: string; readonly version: string };
}

const cache = new Map<string, Accepted>();

/**
 * Takes the first media type of an `Accept` header that is JSON. Errors: NotAcceptable when there is none (protobuf or
 * CBOR alone), upon which clients fall back.
 */
export function parseAccept(header: string): Accepted {
  let accepted = cache.get(header);
  if (!accepted) {
    accepted = negotiate(header);
    if (cache.size < 256) cache.set(header, accepted);
  }
  return accepted;
}

const forms = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList', 'APIGroupDiscoveryList']);

function negotiate(header: string): Accepted {
  if (header.trim() === '') return {};
  for (const clause of header.slice(0, 4_096).split(',')) {
    const [media = '', ...rest] = clause.split(';').map((part) => part.trim());
    const type = media.toLowerCase();
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*' && type !== 'text/plain' && type !== 'text/html') continue;
    const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string | undefined]));
    const as = parameters.get('as');
    if (as === undefined) return {};
    if (!forms.has(as)) continue;
    const group = parameters.get('g') ?? '';
    const version = parameters.get('v') ?? '';
    return { as: { as, group, version, apiVersion: group ? `${group}/${version}` : version } };
  }
  throw notAcceptable('only the following media types are accepted: application/json');
}
