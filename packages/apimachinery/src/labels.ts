/** A selector as objects carry it (`metav1.LabelSelector`): all parts must hold. An empty one selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | (string & {});
  readonly values?: readonly string[];
}

/** One condition on one label. `Equals` and `NotEquals` have one value; `GreaterThan` and `LessThan` one whole number. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'Equals' | 'NotEquals' | 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'GreaterThan' | 'LessThan';
  readonly values: readonly string[];
}

/**
 * A parsed selector: every requirement must hold, none means everything. `nothing` is what an absent selector of an
 * object means (a Service without a selector selects no pods).
 */
export interface LabelQuery {
  readonly requirements: readonly LabelRequirement[];
  readonly nothing?: true;
}

export type Labels = Readonly<Record<string, string>>;

export const EVERYTHING: LabelQuery = { requirements: [] };
export const NOTHING: LabelQuery = { requirements: [], nothing: true };

/** Whether the labels of an object satisfy the query. */
export function matchesLabels(query: LabelQuery, labels: Labels | undefined): boolean {
  if (query.nothing) return false;
  for (const requirement of query.requirements) if (!holds(requirement, labels)) return false;
  return true;
}

function holds({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'Equals':
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotEquals':
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'GreaterThan':
    case 'LessThan': {
      if (value === undefined || !isWholeNumber(value)) return false;
      const limit = BigInt(values[0] ?? '0');
      return operator === 'GreaterThan' ? BigInt(value) > limit : BigInt(value) < limit;
    }
    default:
      return operator satisfies never;
  }
}

/** Whether `strconv.ParseInt` would take it, so that `BigInt` does. */
export const isWholeNumber = (text: string): boolean => /^-?[0-9]{1,18}$/.test(text);

/** A query for exactly these labels. */
export const labelsQuery = (labels: Labels): LabelQuery => ({
  requirements: Object.keys(labels)
    .sort()
    .map((key) => ({ key, operator: 'Equals', values: [labels[key] ?? ''] })),
});

/** A query as text in the form that `labelSelector=` of a URL takes; parsing it gives the same query again. */
export function printLabelQuery(query: LabelQuery): string {
  return query.nothing ? '<none>' : query.requirements.map(printRequirement).join(',');
}

function printRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'Equals':
      return `${key}=${values[0] ?? ''}`;
    case 'NotEquals':
      return `${key}!=${values[0] ?? ''}`;
    case 'In':
      return `${key} in (${[...values].sort().join(',')})`;
    case 'NotIn':
      return `${key} notin (${[...values].sort().join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'GreaterThan':
      return `${key}>${values[0] ?? ''}`;
    case 'LessThan':
      return `${key}<${values[0] ?? ''}`;
    default:
      return operator satisfies never;
  }
}
