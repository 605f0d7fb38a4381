import type { PlatformPromise, Work } from '@plinth/api';
import { encodeWorkload } from '@plinth/state-store';
import { printYaml } from '@plinth/apimachinery';
import { PLATFORM_API_VERSION, PLATFORM_NAMESPACE } from '../naming/constants.ts';
import { FINALIZERS } from '../naming/finalizers.ts';
import { LABELS } from '../naming/labels.ts';
import { DEFAULT_GROUP_ID, stableName } from '../naming/stable-name.ts';

/** The Works with static dependencies, each rendered once: hundreds of kilobytes of YAML take a while. */
export interface StaticWorks {
  readonly of: (promise: PlatformPromise) => Work | undefined;
  readonly forget: (promiseName: string) => void;
}

export function createStaticWorks(): StaticWorks {
  const rendered = new Map<string, { readonly key: string; readonly work: Work | undefined }>();
  return {
    of: (promise) => {
      const { name, uid, generation } = promise.metadata;
      const key = `${uid}/${generation}`;
      const known = rendered.get(name);
      if (known?.key === key) return known.work;
      const work = staticWork(promise);
      rendered.set(name, { key, work });
      return work;
    },
    forget: (promiseName) => void rendered.delete(promiseName),
  };
}

/**
 * The Work with a Promise's static dependencies (contract, section 4.2), or undefined when it has none. The same spec
 * always gives the same Work, so it is written only when it changed.
 */
export function staticWork(promise: PlatformPromise): Work | undefined {
  const { name } = promise.metadata;
  const dependencies = promise.spec?.dependencies ?? [];
  if (dependencies.length === 0) return undefined;
  const labels = mergedSelectors(promise);
  return {
    apiVersion: PLATFORM_API_VERSION,
    kind: 'Work',
    metadata: {
      name: stableName(`${name}-static-deps`),
      namespace: PLATFORM_NAMESPACE,
      labels: { [LABELS.promiseName]: name, [LABELS.workType]: STATIC_DEPENDENCY },
      finalizers: [FINALIZERS.work],
    },
    spec: {
      promiseName: name,
      workloadGroups: [
        {
          id: DEFAULT_GROUP_ID,
          directory: '.',
          ...(Object.keys(labels).length > 0 ? { destinationSelectors: [{ matchLabels: labels, source: 'promise' }] } : {}),
          workloads: [encodeWorkload(`static/${name}-dependencies.yaml`, multiDocument(dependencies))],
        },
      ],
    },
  };
}

export const STATIC_DEPENDENCY = 'static-dependency';

/** The selectors of a Promise as one; the first entry wins. */
export function mergedSelectors(promise: PlatformPromise): Readonly<Record<string, string>> {
  const merged: Record<string, string> = {};
  for (const { matchLabels } of promise.spec?.destinationSelectors ?? []) for (const [key, value] of Object.entries(matchLabels ?? {})) merged[key] ??= value;
  return merged;
}

const multiDocument = (objects: readonly object[]): string => objects.map((object) => printYaml(object, { sortKeys: true })).join('---\n');
