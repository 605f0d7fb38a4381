import { matchesLabels, queryOfSelector, type KubeObject, type LabelSelector } from '@plinth/apimachinery';
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
    const { selector } = (workload as { readonly spec?: { readonly selector?: LabelSelector } }).spec ?? {};
    const query = queryOfSelector(selector);
    // An empty one selects everything, which no workload means.
    if (query.requirements.length === 0) return [];
    // The rarest of its labels says most.
    const candidates = Object.entries(selector?.matchLabels ?? {})
      .map(([label, value]) => byLabel.get(keyOf(metadata.namespace, label, value)) ?? [])
      .reduce<readonly Pod[]>((rarest, found) => (found.length < rarest.length ? found : rarest), pods);
    return candidates.filter((pod) => pod.metadata.namespace === metadata.namespace && matchesLabels(query, pod.metadata.labels));
  };
}
