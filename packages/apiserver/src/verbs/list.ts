import { ApiError, badRequest, isJsonObject, type ListMeta, type UnstructuredObject } from '@plinth/apimachinery';
import { RevisionError, type Entry, type ListResult } from '@plinth/object-store';
import type { Core, RequestContext } from '../core.ts';
import type { ListReply } from '../reply.ts';
import { listPrefix, type Served } from '../registry/served.ts';
import { DamagedValueError, decode } from '../storage/codec.ts';
import { entriesByLabel } from '../storage/label-index.ts';
import { ConversionNeeded, toServed } from './convert.ts';
import { parseSelection, selects, type Selection } from './selection.ts';
import { queryVersion, tooLarge, tooOld } from './version-error.ts';

/**
 * A consistent list: all of its items are as they were at one revision, pages of a limited list included.
 *
 * Errors: Expired (410) when the revision of a continue token, or an exact one, is compacted; Timeout (504) for a
 * revision that this server has not reached.
 */
export function list(core: Core, served: Served, namespace: string | undefined, context: RequestContext): ListReply {
  const { query } = context;
  const selection = parseSelection(served, query);
  const limit = parseLimit(query.get('limit'));
  const token = query.get('continue') ?? '';
  const prefix = listPrefix(served, namespace);
  const { atRevision, after } = token === '' ? startOf(core, query, limit) : resume(prefix, token, query);
  const one = selection.name !== undefined && token === '' && (namespace !== undefined || !served.kind.namespaced);
  try {
    // A selector that names the object is the read of one key.
    if (one) return named(page(core, served, { prefix: prefix + selection.name!, selection, limit: Infinity, atRevision, after }));
    return page(core, served, { prefix, selection, limit, atRevision, after });
  } catch (error) {
    if (!(error instanceof RevisionError)) throw error;
    if (error.reason === 'future') throw tooLarge(error.revision, core.store.revision);
    throw token === '' ? tooOld(error) : expiredToken(core.store.revision, after!.slice(prefix.length));
  }
}

/** Such a list has no more pages: a name has at most one object. */
const named = (reply: ListReply): ListReply => ({ ...reply, metadata: { resourceVersion: reply.metadata.resourceVersion } });

interface PageRequest {
  readonly prefix: string;
  readonly selection: Selection;
  readonly limit: number;
  readonly atRevision: number | undefined;
  readonly after: string | undefined;
}

function page(core: Core, served: Served, { prefix, selection, limit, atRevision, after }: PageRequest): ListReply {
  const entries: Entry[] = [];
  const objects: UnstructuredObject[] = [];
  const toConvert: UnstructuredObject[] = [];
  const take = (entry: Entry): void => {
    let object: UnstructuredObject;
    try {
      object = toServed(served, decode(entry));
    } catch (error) {
      if (error instanceof ConversionNeeded) return void toConvert.push(...error.objects);
      if (!(error instanceof DamagedValueError)) throw error;
      core.log('error', 'stored value is damaged; left out of a list', { key: error.key, err: error });
      return;
    }
    if (!selects(selection, object)) return;
    entries.push(entry);
    objects.push(object);
  };
  const found = atRevision === undefined && after === undefined ? entriesByLabel(core.store, served.prefix, prefix, selection.labels) : undefined;
  if (found && found.length <= limit) {
    for (const entry of found) take(entry);
    if (toConvert.length > 0) throw new ConversionNeeded(served, toConvert);
    return reply(served, entries, objects, { resourceVersion: String(core.store.revision) });
  }
  let result: ListResult;
  let position = after;
  for (;;) {
    const missing = limit - entries.length;
    result = core.store.list(prefix, {
      ...(limit === Infinity ? {} : { limit: selection.all ? missing : Math.max(missing, 500) }),
      ...(position === undefined ? {} : { after: position }),
      ...(atRevision === undefined ? {} : { atRevision }),
    });
    let looked = 0;
    for (const entry of result.entries) {
      looked += 1;
      position = entry.key;
      take(entry);
      if (entries.length + toConvert.length >= limit) break;
    }
    // Together, rather than one after the other.
    if (toConvert.length > 0) throw new ConversionNeeded(served, toConvert);
    if (entries.length >= limit || result.next === undefined) {
      const remaining = result.remaining + result.entries.length - looked;
      return reply(served, entries, objects, listMeta(result.revision, remaining, position, prefix, selection.all));
    }
  }
}

function reply(served: Served, entries: readonly Entry[], objects: readonly UnstructuredObject[], metadata: ListMeta): ListReply {
  return { type: 'list', served, metadata, entries, objects: () => objects };
}

function listMeta(revision: number, remaining: number, last: string | undefined, prefix: string, all: boolean): ListMeta {
  const resourceVersion = String(revision);
  if (remaining <= 0 || last === undefined) return { resourceVersion };
  const token = encodeToken({ rv: revision, start: last.slice(prefix.length) });
  // With a selector nobody knows how many of the remaining ones match.
  return all ? { resourceVersion, continue: token, remainingItemCount: remaining } : { resourceVersion, continue: token };
}

function parseLimit(text: string | null): number {
  if (text === null || text === '' || text === '0') return Infinity;
  if (!/^[0-9]{1,12}$/.test(text)) throw badRequest(`Invalid value for query parameter limit: ${JSON.stringify(text.slice(0, 64))}`);
  return Number(text);
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list */
function startOf(core: Core, query: URLSearchParams, limit: number): { readonly atRevision: number | undefined; readonly after: undefined } {
  const match = query.get('resourceVersionMatch') ?? '';
  const given = query.get('resourceVersion') ?? '';
  const version = queryVersion(query);
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    throw badRequest(`resourceVersionMatch: Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`);
  }
  if (match !== '' && given === '') throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact' && given === '0') throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (version === undefined) return { atRevision: undefined, after: undefined };
  if (version > core.store.revision) throw tooLarge(version, core.store.revision);
  const exact = match === 'Exact' || (match === '' && limit !== Infinity);
  return { atRevision: exact ? version : undefined, after: undefined };
}

interface Token {
  /** -1: whatever is current (after a token has expired). */
  readonly rv: number;
  /** The key, below the prefix, after which to go on. */
  readonly start: string;
}

const encodeToken = (token: Token): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', ...token })).toString('base64url');

function resume(prefix: string, text: string, query: URLSearchParams): { readonly atRevision: number | undefined; readonly after: string } {
  if ((query.get('resourceVersionMatch') ?? '') !== '') {
    throw badRequest('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided');
  }
  if (queryVersion(query) !== undefined) throw badRequest('specifying resource version is not allowed when using continue');
  let token: unknown;
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw badRequest('continue key is not valid: it is no token of this server');
  }
  if (!isJsonObject(token) || token['v'] !== 'meta.k8s.io/v1' || !Number.isSafeInteger(token['rv']) || typeof token['start'] !== 'string') {
    throw badRequest('continue key is not valid: it is no token of this server');
  }
  const rv = token['rv'] as number;
  return { atRevision: rv < 0 ? undefined : rv, after: prefix + token['start'] };
}

/** Hands the client a token with which it may go on, at the price of a list that is of no single revision. */
function expiredToken(revision: number, start: string): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(revision), continue: encodeToken({ rv: -1, start }) } as { resourceVersion: string },
    status: 'Failure',
    message:
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, ' +
      'or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - ' +
      'objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    reason: 'Expired',
    code: 410,
  });
}
