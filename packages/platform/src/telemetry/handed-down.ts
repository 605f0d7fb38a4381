import type { KubeObject } from '@plinth/apimachinery';
import { ANNOTATIONS } from '../naming/labels.ts';

/** The trace of an object as what is made for it gets it; empty when it has none. */
export function handedDownTrace({ metadata }: KubeObject): Readonly<Record<string, string>> {
  const { [ANNOTATIONS.traceParent]: parent, [ANNOTATIONS.traceState]: state } = metadata.annotations ?? {};
  return parent ? { [ANNOTATIONS.traceParent]: parent, ...(state ? { [ANNOTATIONS.traceState]: state } : {}) } : {};
}
