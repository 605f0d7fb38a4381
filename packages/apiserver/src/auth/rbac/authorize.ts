import type { AccessAttributes, AccessDecision, UserInfo } from '../../request.ts';
import { groupKey, userKey, type Binding, type RbacObjects } from './index-objects.ts';
import { allows, type Rule } from './rules.ts';

/** What RBAC says. */
export interface Rbac {
  authorize(attributes: AccessAttributes): AccessDecision;
  /** Everything that a user may do in a namespace (`undefined`: in all of them), through whatever binding. */
  rulesFor(user: UserInfo, namespace: string | undefined): readonly Rule[];
}

/** Members of this group may do everything, so that nobody can lock himself out. */
const superusers = 'system:masters';

/** One role, in the place where a binding grants it. */
interface Grant {
  readonly rules: readonly Rule[];
  readonly binding: Binding;
  readonly subject: string;
}

/** A user's grants, gathered once per generation of the index. */
interface Standing {
  readonly generation: number;
  readonly everywhere: readonly Grant[];
  readonly byNamespace: ReadonlyMap<string, readonly Grant[]>;
}

/** Users whose grants are kept. Beyond that the one not asked for longest is forgotten. */
const maxUsers = 2000;

/**
 * Role-based access control as Kubernetes has it: rights are only ever added, and nothing is allowed that no binding
 * grants. https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export function createRbac(objects: RbacObjects): Rbac {
  /** The same user is the same value for all requests of a client in process or of a certificate. */
  const byUser = new WeakMap<UserInfo, Standing>();
  const standings = new Map<string, Standing>();

  const standingOf = (user: UserInfo): Standing => {
    const quick = byUser.get(user);
    if (quick?.generation === objects.generation) return quick;
    const key = [user.name, ...user.groups].join('\n');
    let standing = standings.get(key);
    if (standing?.generation !== objects.generation) {
      standing = gather(objects, user);
      standings.delete(key);
      standings.set(key, standing);
      if (standings.size > maxUsers) standings.delete(standings.keys().next().value!);
    }
    byUser.set(user, standing);
    return standing;
  };

  return {
    authorize: (attributes) => {
      if (attributes.user.groups.includes(superusers)) return { allowed: true };
      const standing = standingOf(attributes.user);
      const granted = firstGrant(standing.everywhere, attributes);
      if (granted) return granted;
      const namespace = attributes.resource?.namespace;
      const here = namespace === undefined ? undefined : standing.byNamespace.get(namespace);
      return (here && firstGrant(here, attributes)) ?? { allowed: false };
    },
    rulesFor: (user, namespace) => {
      if (user.groups.includes(superusers)) return everything;
      const { everywhere, byNamespace } = standingOf(user);
      const grants = namespace === undefined ? everywhere : [...everywhere, ...(byNamespace.get(namespace) ?? [])];
      return grants.flatMap((grant) => grant.rules);
    },
  };
}

const everything: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

function firstGrant(grants: readonly Grant[], attributes: AccessAttributes): AccessDecision | undefined {
  for (const grant of grants) {
    for (const rule of grant.rules) {
      if (!allows(rule, attributes)) continue;
      const { binding, subject } = grant;
      const named = binding.namespace === undefined ? `ClusterRoleBinding ${JSON.stringify(binding.name)}` : `RoleBinding ${JSON.stringify(`${binding.name}/${binding.namespace}`)}`;
      return { allowed: true, reason: `RBAC: allowed by ${named} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${subject}` };
    }
  }
  return undefined;
}

function gather(objects: RbacObjects, user: UserInfo): Standing {
  const everywhere: Grant[] = [];
  const byNamespace = new Map<string, Grant[]>();
  for (const key of [userKey(user.name), ...[...groupsOf(user)].map(groupKey)]) {
    for (const binding of objects.bindingsOf(key)) {
      const rules = objects.rulesOf(binding.roleRef, binding.namespace);
      if (rules.length === 0) continue;
      const grant = { rules, binding, subject: binding.subjects.get(key) ?? '' };
      if (binding.namespace === undefined) everywhere.push(grant);
      else if (byNamespace.has(binding.namespace)) byNamespace.get(binding.namespace)!.push(grant);
      else byNamespace.set(binding.namespace, [grant]);
    }
  }
  return { generation: objects.generation, everywhere, byNamespace };
}

/**
 * The groups of a user, with those that his name stands for: a client in process states them or not, and means the same
 * user. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects
 */
function groupsOf({ name, groups }: UserInfo): ReadonlySet<string> {
  const all = new Set(groups);
  if (all.has('system:unauthenticated')) return all;
  all.add('system:authenticated');
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name);
  if (account) all.add('system:serviceaccounts').add(`system:serviceaccounts:${account[1]}`);
  return all;
}
