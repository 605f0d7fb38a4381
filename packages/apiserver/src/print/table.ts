import { evaluateJsonPath, parseJsonPath, type JsonPath, type ListMeta, type Status, type UnstructuredObject } from '@plinth/apimachinery';
import type { Cell, Column } from '@plinth/api';
import type { Core } from '../core.ts';
import type { Served } from '../registry/served.ts';
import type { WatchFeed } from '../verbs/watch.ts';
import { ageText } from './age.ts';
import { partial } from './partial.ts';

/** Objects as rows, so that `kubectl get` prints every kind without knowing it. */
export function tableOf(
  core: Core,
  served: Served,
  query: URLSearchParams,
  apiVersion: string,
  objects: readonly UnstructuredObject[],
  metadata: ListMeta,
): unknown {
  const columns = columnsOf(served);
  const include = query.get('includeObject') ?? 'Metadata';
  const now = core.now();
  return {
    kind: 'Table',
    apiVersion,
    metadata,
    columnDefinitions: columns.map(({ definition }) => definition),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, now)),
      ...(include === 'None' ? {} : { object: include === 'Object' ? object : partial(object) }),
    })),
  };
}

/** A watch whose events carry tables of one row. Only the first has the column definitions, as clients expect. */
export function tableFeed(core: Core, served: Served, query: URLSearchParams, apiVersion: string, feed: WatchFeed): WatchFeed {
  return {
    served,
    open: (sink) => {
      let first = true;
      return feed.open({
        end: sink.end,
        item: ({ type, object }) => {
          if (type === 'ERROR') return sink.item({ type, object });
          const shown = object as UnstructuredObject;
          const rv = { resourceVersion: shown.metadata.resourceVersion ?? '' };
          const table = tableOf(core, served, query, apiVersion, type === 'BOOKMARK' ? [] : [shown], rv) as Record<string, unknown>;
          if (type === 'BOOKMARK' && shown.metadata.annotations) table['metadata'] = shown.metadata;
          if (!first) delete table['columnDefinitions'];
          if (type !== 'BOOKMARK') first = false;
          return sink.item({ type, object: table as unknown as Status });
        },
      });
    },
  };
}

interface Printed {
  readonly definition: { readonly name: string; readonly type: string; readonly format: string; readonly description: string; readonly priority: number };
  readonly cell: (object: UnstructuredObject, now: number) => Cell;
}

const printed = new WeakMap<Served, readonly Printed[]>();

function columnsOf(served: Served): readonly Printed[] {
  let columns = printed.get(served);
  if (!columns) {
    const declared = served.kind.columns ?? [ageColumn];
    // Events alone say themselves where their name stands: last, and in wide tables only.
    const isNamed = served.crd === undefined && declared.some(({ format }) => format === 'name');
    columns = [...(isNamed ? [] : [nameColumn]), ...declared.map((column) => printColumn(column, served.crd !== undefined))];
    printed.set(served, columns);
  }
  return columns;
}

const nameColumn: Printed = {
  definition: { name: 'Name', type: 'string', format: 'name', description: 'Unique among the objects of this kind in the namespace.', priority: 0 },
  cell: (object) => object.metadata.name,
};

const ageColumn: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since the object was created.' };

function printColumn(column: Column, custom: boolean): Printed {
  const isDate = column.type === 'date';
  return {
    definition: {
      name: column.name,
      // Built-in kinds print an age as text; of a custom resource's dates kubectl knows the type.
      type: isDate && !custom ? 'string' : column.type,
      format: column.format ?? '',
      description: column.description ?? '',
      priority: column.priority ?? 0,
    },
    cell: column.value ? valueCell(column, isDate) : pathCell(column.jsonPath ?? '', column.type),
  };
}

function valueCell(column: Column, isDate: boolean): Printed['cell'] {
  const value = column.value as (object: UnstructuredObject, now: number) => Cell;
  return (object, now) => {
    try {
      const cell = value(object, now) ?? null;
      return isDate && typeof cell === 'string' ? ageText(cell, now) : cell;
    } catch {
      // A printer meets objects of every shape; one cell must not spoil the list.
      return '<invalid>';
    }
  };
}

function pathCell(text: string, type: Column['type']): Printed['cell'] {
  let path: JsonPath;
  try {
    path = parseJsonPath(text);
  } catch {
    return () => '<invalid>';
  }
  return (object, now) => {
    // Only the first value, as in Kubernetes; without one the cell stays empty.
    const value = evaluateJsonPath(path, object)[0];
    if (value === null || value === undefined) return null;
    switch (type) {
      case 'date':
        return typeof value === 'string' ? ageText(value, now) : '<invalid>';
      case 'integer':
        return typeof value === 'number' ? Math.trunc(value) : null;
      case 'number':
        return typeof value === 'number' ? value : null;
      case 'boolean':
        return typeof value === 'boolean' ? value : null;
      default:
        return textOf(value);
    }
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
