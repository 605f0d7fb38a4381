import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isPathSegmentName, type NameRule } from '@plinth/apimachinery';
import type { Kind } from '@plinth/api';
import { serve, type Served } from './served.ts';
import type { Strategy } from './strategy.ts';

/** The kinds that the server has built in, each with what is special about it. */
export function builtinKinds(kinds: readonly Kind[]): readonly Served[] {
  return kinds.filter((kind) => kind.builtin && !kind.subresourceOf).map((kind) => serve(kind, strategyOf(kind)));
}

function strategyOf(kind: Kind): Strategy {
  return { nameRule: nameRules[`${kind.group}/${kind.plural}`] ?? isDns1123Subdomain };
}

const nameRules: Readonly<Record<string, NameRule>> = {
  '/namespaces': isDns1123Label,
  '/services': isDns1035Label,
  'rbac.authorization.k8s.io/roles': isPathSegmentName,
  'rbac.authorization.k8s.io/rolebindings': isPathSegmentName,
  'rbac.authorization.k8s.io/clusterroles': isPathSegmentName,
  'rbac.authorization.k8s.io/clusterrolebindings': isPathSegmentName,
};
