import {
  badRequest,
  EVERYTHING,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  requiredFieldValue,
  type FieldQuery,
  type LabelQuery,
  type UnstructuredObject,
} from '@plinth/apimachinery';
import type { Served } from '../registry/served.ts';

/** Which objects of a kind a list or watch is about. */
export interface Selection {
  readonly labels: LabelQuery;
  readonly fields: FieldQuery;
  /** The one name that can match, when the field selector or the path says so. */
  readonly name?: string;
  /** Everything matches: no object need be looked at. */
  readonly all: boolean;
}

/** Errors: BadRequest for text that is no selector and for fields that cannot be selected by. */
export function parseSelection(served: Served, query: URLSearchParams): Selection {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  const labels = labelText === '' ? EVERYTHING : parseLabelSelector(labelText);
  const fields = fieldText === '' ? [] : parseFieldSelector(fieldText);
  for (const { field } of fields) {
    if (field === 'metadata.name' || field === 'metadata.namespace') continue;
    if (!served.kind.selectableFields?.some((path) => path === `.${field}`)) {
      throw badRequest(
        served.crd ? `field label not supported: ${field}` : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    }
  }
  const name = requiredFieldValue(fields, 'metadata.name');
  return { labels, fields, all: labelText === '' && fields.length === 0, ...(name !== undefined ? { name } : {}) };
}

export const selects = (selection: Selection, object: UnstructuredObject): boolean =>
  selection.all || (matchesLabels(selection.labels, object.metadata.labels) && matchesFields(selection.fields, object));
