import { matchesPath, type Rule } from './rules.ts';

/**
 * The parts of `wanted` that `held` does not grant, as rules of one verb on one resource; empty when all are held. This
 * is the question of escalation: nobody may give away what he does not have.
 */
export function uncovered(held: readonly Rule[], wanted: readonly Rule[]): readonly Rule[] {
  const missing: Rule[] = [];
  for (const rule of wanted) for (const part of partsOf(rule)) if (!held.some((own) => covers(own, part))) missing.push(part);
  return missing;
}

/** `part` has one of everything that it has at all. */
function covers(own: Rule, part: Rule): boolean {
  const [verb = ''] = part.verbs;
  if (!own.verbs.includes('*') && !own.verbs.includes(verb)) return false;
  const [url] = part.nonResourceURLs;
  if (url !== undefined) return own.nonResourceURLs.some((pattern) => matchesPath(pattern, url));
  const [group = ''] = part.apiGroups;
  const [resource = ''] = part.resources;
  if (!own.apiGroups.includes('*') && !own.apiGroups.includes(group)) return false;
  const slash = resource.indexOf('/');
  const anyOfSub = slash < 0 ? undefined : `*${resource.slice(slash)}`;
  if (!own.resources.some((own) => own === '*' || own === resource || own === anyOfSub)) return false;
  if (own.resourceNames.length === 0) return true;
  const [name] = part.resourceNames;
  return name !== undefined && own.resourceNames.includes(name);
}

/** No more parts than this are looked at: a rule of 1,000 verbs on 1,000 resources is no rule but an attack. */
const maxParts = 100_000;

function* partsOf(rule: Rule): Generator<Rule> {
  const names = rule.resourceNames.length === 0 ? [undefined] : rule.resourceNames;
  const parts = rule.verbs.length * (rule.apiGroups.length * rule.resources.length * names.length + rule.nonResourceURLs.length);
  if (parts > maxParts) throw new RangeError(`a rule grants ${parts} single rights, more than ${maxParts}: split it or use *`);
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups) {
      for (const resource of rule.resources) {
        for (const name of names) {
          yield { verbs: [verb], apiGroups: [group], resources: [resource], resourceNames: name === undefined ? [] : [name], nonResourceURLs: [] };
        }
      }
    }
    for (const url of rule.nonResourceURLs) yield { verbs: [verb], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [url] };
  }
}

/** A rule as Kubernetes writes it in messages: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`. */
export function printRule(rule: Rule): string {
  const members: readonly (readonly [string, readonly string[]])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['ResourceNames', rule.resourceNames],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['Verbs', rule.verbs],
  ];
  const shown = members.filter(([, values]) => values.length > 0).map(([name, values]) => `${name}:[${values.map((value) => JSON.stringify(value)).join(', ')}]`);
  return `{${shown.join(', ')}}`;
}

/** Parts of one resource and group gathered again, so that a message names each once with all of its verbs. */
export function compact(parts: readonly Rule[]): readonly Rule[] {
  const gathered = new Map<string, Rule>();
  for (const part of parts) {
    const key = JSON.stringify([part.apiGroups, part.resources, part.resourceNames, part.nonResourceURLs]);
    const known = gathered.get(key);
    gathered.set(key, known ? { ...known, verbs: [...known.verbs, ...part.verbs] } : part);
  }
  return [...gathered.values()];
}
