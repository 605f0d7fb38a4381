import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Served } from './registry/served.ts';
import type { Draft } from './registry/strategy.ts';

export interface FieldOwner {
  readonly manager: string;
  readonly time: string;
  readonly subresource?: string;
}

/** Records in `draft.metadata.managedFields` that `owner` changed what differs from `old`. */
export function trackUpdate(_served: Served, _draft: Draft, _old: UnstructuredObject | undefined, _owner: FieldOwner): void {}
