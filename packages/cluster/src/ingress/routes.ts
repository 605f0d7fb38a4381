import type { Ingress, IngressBackend, IngressClass } from '@plinth/api';
import { DEFAULT_INGRESS_CLASS_ANNOTATION } from '@plinth/api';
import { keyOf, keyString, type ObjectKey } from '@plinth/apimachinery';

/** Who serves an Ingress, as its class names it. */
export const INGRESS_CONTROLLER = 'plinth.local/ingress-controller';

/** Where a request goes. */
export interface Route {
  readonly ingress: ObjectKey;
  readonly backend: IngressBackend;
}

/** A rule that an older Ingress had first. */
export interface Conflict {
  readonly ingress: ObjectKey;
  readonly holder: ObjectKey;
  /** `todo.default.localhost/` */
  readonly address: string;
}

export interface RoutingTable {
  /** `host` without its port; `path` without its query. */
  match(host: string, path: string): Route | undefined;
  readonly conflicts: readonly Conflict[];
}

interface PathRoute extends Route {
  readonly path: string;
  readonly isExact: boolean;
}

/** Whether this cluster's controller serves the Ingress: by its class, or by the class that is everybody's. */
export function isServed(ingress: Ingress, classes: readonly IngressClass[]): boolean {
  const ours = classes.filter(({ spec }) => spec?.controller === INGRESS_CONTROLLER);
  const name = ingress.spec?.ingressClassName;
  if (name !== undefined) return ours.some(({ metadata }) => metadata.name === name);
  return ours.some(({ metadata }) => metadata.annotations?.[DEFAULT_INGRESS_CLASS_ANNOTATION] === 'true');
}

/**
 * What leads where. As in Kubernetes: an exact host comes before a wildcard and both before none; an exact path before the
 * longest prefix, which is compared part by part. Of two Ingresses that want the same the older one has it.
 * https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types
 */
export function routingTable(ingresses: readonly Ingress[]): RoutingTable {
  const hosts = new Map<string, Map<string, PathRoute>>();
  const conflicts: Conflict[] = [];
  let fallback: Route | undefined;
  for (const ingress of ingresses.toSorted(olderFirst)) {
    const key = keyOf(ingress);
    for (const rule of ingress.spec?.rules ?? []) {
      const host = (rule.host ?? '').toLowerCase();
      const paths = hosts.get(host) ?? new Map<string, PathRoute>();
      hosts.set(host, paths);
      for (const { path = '/', pathType, backend } of rule.http?.paths ?? []) {
        const isExact = pathType === 'Exact';
        const slot = `${isExact ? '=' : '^'}${isExact ? path : withoutSlash(path)}`;
        const holder = paths.get(slot);
        if (!holder) paths.set(slot, { ingress: key, backend, path: isExact ? path : withoutSlash(path), isExact });
        else if (keyString(holder.ingress) !== keyString(key)) conflicts.push({ ingress: key, holder: holder.ingress, address: `${host || '*'}${path}` });
      }
    }
    const backend = ingress.spec?.defaultBackend;
    if (backend) fallback ??= { ingress: key, backend };
  }
  const sorted = new Map([...hosts].map(([host, paths]) => [host, [...paths.values()].sort(mostSpecificFirst)]));
  return {
    conflicts,
    match: (rawHost, path) => {
      const host = rawHost.toLowerCase().replace(/\.$/, '');
      const candidates = [host, `*${host.slice(host.indexOf('.') < 0 ? host.length : host.indexOf('.'))}`, ''];
      for (const candidate of candidates) {
        const found = sorted.get(candidate)?.find((route) => matchesPath(route, path));
        if (found) return { ingress: found.ingress, backend: found.backend };
      }
      return fallback;
    },
  };
}

const matchesPath = (route: PathRoute, path: string): boolean => (route.isExact ? path === route.path : path === route.path || path.startsWith(`${route.path}/`));

const mostSpecificFirst = (left: PathRoute, right: PathRoute): number => Number(right.isExact) - Number(left.isExact) || right.path.length - left.path.length;

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

const olderFirst = (left: Ingress, right: Ingress): number =>
  (left.metadata.creationTimestamp ?? '').localeCompare(right.metadata.creationTimestamp ?? '') || keyString(keyOf(left)).localeCompare(keyString(keyOf(right)));
