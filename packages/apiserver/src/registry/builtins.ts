import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isPathSegmentName, type NameRule } from '@plinth/apimachinery';
import type { Kind } from '@plinth/api';
import { serveNewEvents } from '../strategies/events.ts';
import { serve, type Served } from './served.ts';
import type { Strategy } from './strategy.ts';

/** What is special about a kind, by `GROUP/PLURAL`. */
export type Strategies = Readonly<Record<string, Partial<Strategy>>>;

/** The kinds that the server has built in, each with what is special about it. */
export function builtinKinds(kinds: readonly Kind[], strategies: Strategies): readonly Served[] {
  return kinds
    .filter((kind) => kind.builtin && !kind.subresourceOf)
    .map((kind) => {
      const id = `${kind.group}/${kind.plural}`;
      const strategy: Strategy = { nameRule: nameRules[id] ?? isDns1123Subdomain, ...strategies[id] };
      return id === 'events.k8s.io/events' ? serveNewEvents(kind, strategy) : serve(kind, strategy);
    });
}

const nameRules: Readonly<Record<string, NameRule>> = {
  '/namespaces': isDns1123Label,
  '/services': isDns1035Label,
  'rbac.authorization.k8s.io/roles': isPathSegmentName,
  'rbac.authorization.k8s.io/rolebindings': isPathSegmentName,
  'rbac.authorization.k8s.io/clusterroles': isPathSegmentName,
  'rbac.authorization.k8s.io/clusterrolebindings': isPathSegmentName,
};
