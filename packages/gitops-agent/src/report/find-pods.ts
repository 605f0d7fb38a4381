import { matchesLabels, parseLabelSelector, type KubeObject } from '@plinth/apimachinery';
import type { Pod } from '@plinth/api';

/** Finds the pods of workloads, for one look at all of them: what a search costs does not grow with the pods of others. */
export function podFinder(pods: readonly Pod[]): (workload: KubeObject) => readonly Pod[] {
  const byLabel = new Map<string, Pod[]>();
  const keyOf = (namespace: string | undefined, label: string, value: string): string => `${namespace}/${label}=${value}`;
  for (const pod of pods) {
    for (const [label, value] of Object.entries(pod.metadata.labels ?? {})) {
      const key = keyOf(pod.metadata.namespace, label, value);
      const known = byLabel.get(key);
      if (known) known.push(pod);
      else byLabel.set(key, [pod]);
    }
  }
  return ({ metadata, ...workload }) => {
    const { selector } = (workload as { readonly spec?: { readonly selector?: Selector } }).spec ?? {};
    const text = selectorText(selector);
    if (text === undefined) return [];
    const query = parseLabelSelector(text);
    // The rarest of its labels says most.
    const candidates = Object.entries(selector?.matchLabels ?? {})
      .map(([label, value]) => byLabel.get(keyOf(metadata.namespace, label, value)) ?? [])
      .reduce<readonly Pod[]>((rarest, found) => (found.length < rarest.length ? found : rarest), pods);
    return candidates.filter((pod) => pod.metadata.namespace === metadata.namespace && matchesLabels(query, pod.metadata.labels));
  };
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** A workload's selector as the text of a label selector; undefined when it selects nothing that can be told. */
function selectorText({ matchLabels = {}, matchExpressions = [] }: Selector = {}): string | undefined {
  const terms = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of matchExpressions) {
    if (operator === 'Exists') terms.push(key);
    else if (operator === 'DoesNotExist') terms.push(`!${key}`);
    else terms.push(`${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`);
  }
  return terms.length > 0 ? terms.join(',') : undefined;
}
