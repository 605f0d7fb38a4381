import type { KubeObject } from '@plinth/apimachinery';
import type { PodTemplateSpec } from '../core/pod-spec.ts';
import type { Column } from '../schema/kind.ts';
import type { LabelSelector } from '../schema/meta.ts';

interface WithTemplate extends KubeObject {
  readonly spec?: { readonly template?: PodTemplateSpec; readonly selector?: LabelSelector };
}

const containersOf = (o: WithTemplate) => o.spec?.template?.spec?.containers ?? [];

/** CONTAINERS and IMAGES, shown with `-o wide`. */
export const templateColumns: readonly Column<WithTemplate>[] = [
  { name: 'Containers', type: 'string', priority: 1, description: 'Names of the containers.', value: (o) => containersOf(o).map((c) => c.name).join(',') },
  { name: 'Images', type: 'string', priority: 1, description: 'Images of the containers.', value: (o) => containersOf(o).map((c) => c.image ?? '').join(',') },
];

/** SELECTOR, shown with `-o wide`. */
export const selectorColumn: Column<WithTemplate> = {
  name: 'Selector',
  type: 'string',
  priority: 1,
  description: 'Labels of the pods.',
  value: (o) => formatSelector(o.spec?.selector),
};

/** A selector as people write it: `app=web,tier in (a,b),!old`. */
export function formatSelector(selector: LabelSelector | undefined): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    if (operator === 'Exists') parts.push(key);
    else if (operator === 'DoesNotExist') parts.push(`!${key}`);
    else parts.push(`${key} ${operator === 'In' ? 'in' : 'notin'} (${(values ?? []).toSorted().join(',')})`);
  }
  return parts.toSorted().join(',') || '<none>';
}
