import type { Condition } from '@plinth/apimachinery';
import type { Link, LinkName } from './chain.ts';

/** `Destination worker-cluster`, `postgresql default/example`. */
export const nameOf = (kind: string | undefined, name: string | undefined, namespace?: string): string => `${kind || 'object'} ${namespace ? `${namespace}/` : ''}${name ?? ''}`;

/**
 * What somebody else said, as part of a sentence: one line without its full stop, of so many characters at most.
 */
export function quote(text: string | undefined, limit = MAX_QUOTE): string {
  const line = (text ?? '').replaceAll(/\s+/g, ' ').trim().replace(/[.;:,]+$/, '');
  return line.length > limit ? `${line.slice(0, limit - 3).trimEnd()}...` : line;
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function listed(names: readonly string[], limit = 3): string {
  const shown = names.length > limit ? [...names.slice(0, limit - 1), `${names.length - limit + 1} more`] : names;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** `environment=dev, zone=a`; `no labels`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {});
  return entries.length === 0 ? 'no labels' : quote(entries.map(([key, value]) => `${key}=${value}`).join(', '), 80);
}

/** The answer: what was found, and what to do next. */
export const sentenceOf = ({ message, next }: Link): string => (next ? `${message}; ${next}` : message);

/** Makes the links of one name. */
export const linkMaker =
  (link: LinkName) =>
  (object: string, state: Link['state'], message: string, more: { readonly since?: string | undefined; readonly next?: string } = {}): Link => ({
    link,
    object,
    state,
    ...(more.since ? { since: more.since } : {}),
    message,
    ...(more.next ? { next: more.next } : {}),
  });

/** Conditions of kinds whose schema types them loosely. */
export const conditionOf = (conditions: readonly unknown[] | undefined, type: string): Condition | undefined => (conditions as readonly Condition[] | undefined)?.find((condition) => condition.type === type);

/** Characters of somebody else's words: a sentence is to fit into a column of `kubectl get`. */
const MAX_QUOTE = 160;
