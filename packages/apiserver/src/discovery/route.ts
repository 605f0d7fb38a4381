import { parseAccept } from '../accept.ts';
import type { Core } from '../core.ts';
import type { Reply } from '../reply.ts';
import type { ApiRequest } from '../request.ts';
import { aggregated } from './aggregated.ts';
import { groupOf, groupsOf, resourceListOf, versionInfo } from './versions.ts';
import { openApiV2, openApiV3, openApiV3Index } from './openapi.ts';

/** Everything that is no resource. Undefined: nothing is there. */
export function discoveryReply(core: Core, request: ApiRequest): Reply | Promise<Reply> | undefined {
  const parts = request.path.split('/').filter((part) => part !== '');
  const value = (body: unknown): Reply => ({ type: 'value', status: 200, value: body });
  switch (parts[0]) {
    case undefined:
      return value({ paths: rootPaths(core) });
    case 'version':
      return value(versionInfo);
    case 'healthz':
    case 'livez':
    case 'readyz':
      return health(core, parts, request.query.has('verbose'));
    case 'metrics':
      return parts.length === 1 ? metrics(core) : undefined;
    case 'api':
      if (parts.length === 1) return aggregatedOr(core, request, true, () => ({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }));
      return parts.length === 2 && parts[1] === 'v1' ? value(resourceListOf(core.registry, '', 'v1')) : undefined;
    case 'apis': {
      if (parts.length === 1) return aggregatedOr(core, request, false, () => groupsOf(core.registry));
      if (parts.length === 2) {
        const group = groupOf(core.registry, parts[1]!);
        return group && value({ kind: 'APIGroup', apiVersion: 'v1', ...group });
      }
      const list = resourceListOf(core.registry, parts[1]!, parts[2]!);
      return parts.length === 3 && list.resources.length > 0 ? value(list) : undefined;
    }
    case 'openapi':
      if (parts[1] === 'v2' && parts.length === 2) return openApiV2(core, request.accept ?? '');
      if (parts[1] !== 'v3') return undefined;
      return parts.length === 2 ? openApiV3Index(core) : openApiV3(core, parts.slice(2).join('/'));
    default:
      return undefined;
  }
}

async function metrics(core: Core): Promise<Reply> {
  const more = await core.moreMetrics?.();
  return { type: 'text', status: 200, text: core.metrics.render(core.store.revision) + (more ?? ''), contentType: 'text/plain; version=0.0.4; charset=utf-8' };
}

function aggregatedOr(core: Core, request: ApiRequest, coreGroup: boolean, plain: () => unknown): Reply {
  const form = request.accept === undefined ? undefined : parseAccept(request.accept).as;
  if (form?.as === 'APIGroupDiscoveryList' && form.group === 'apidiscovery.k8s.io' && (form.version === 'v2' || form.version === 'v2beta1')) {
    return {
      type: 'value',
      status: 200,
      value: aggregated(core.registry, coreGroup, form.apiVersion),
      contentType: `application/json;g=apidiscovery.k8s.io;v=${form.version};as=APIGroupDiscoveryList`,
    };
  }
  return { type: 'value', status: 200, value: plain() };
}

/** Ready: the store answers. Checks by name, as `kubectl get --raw /readyz?verbose` shows them. */
function health(core: Core, parts: readonly string[], verbose: boolean): Reply | undefined {
  const checks: Readonly<Record<string, () => boolean>> = { ping: () => true, store: () => core.store.revision > 0, shutdown: () => !core.signal.aborted };
  const names = parts.length === 1 ? Object.keys(checks) : parts.slice(1);
  if (names.some((name) => !Object.hasOwn(checks, name))) return undefined;
  const failed = names.filter((name) => !checks[name]!());
  const lines = names.map((name) => (failed.includes(name) ? `[-]${name} failed` : `[+]${name} ok`));
  const ok = failed.length === 0;
  const text = ok && !verbose ? 'ok' : `${lines.join('\n')}\n${parts[0]} check ${ok ? 'passed' : 'failed'}\n`;
  return { type: 'text', status: ok ? 200 : 500, text, contentType: 'text/plain; charset=utf-8' };
}

function rootPaths(core: Core): readonly string[] {
  const groups = new Set(core.registry.all().map(({ kind }) => kind.group));
  const versions = new Set(core.registry.all().map(({ kind, apiVersion }) => (kind.group ? `/apis/${apiVersion}` : `/api/${apiVersion}`)));
  const paths = ['/api', '/apis', ...versions, ...[...groups].filter(Boolean).map((group) => `/apis/${group}`), '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'];
  return paths.sort();
}
