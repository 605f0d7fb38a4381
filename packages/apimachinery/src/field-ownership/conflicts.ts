import type { Manager } from './managers.ts';
import { ApiError } from '../status.ts';
import { pathsOf, type FieldTrie } from './field-trie.ts';
import { printFieldPath } from './fields-v1.ts';

/** A field that an apply would take from another manager. */
export interface FieldConflict {
  readonly manager: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>;
  /** As printed: `.spec.replicas`. */
  readonly path: string;
}

export function conflictsWith(manager: Manager, fields: FieldTrie): readonly FieldConflict[] {
  return [...pathsOf(fields)].map((path) => ({ manager, path: printFieldPath(path) }));
}

/** The 409 that Kubernetes answers: kubectl recognises its form and explains it. */
export function applyConflict(conflicts: readonly FieldConflict[]): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: conflictMessage(conflicts),
    reason: 'Conflict',
    details: {
      causes: conflicts.map(({ manager, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${printManager(manager)}`,
        field: path,
      })),
    },
    code: 409,
  });
}

function conflictMessage(conflicts: readonly FieldConflict[]): string {
  const [first] = conflicts;
  if (first && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${printManager(first.manager)}: ${first.path}`;
  }
  const byManager = new Map<string, string[]>();
  for (const { manager, path } of conflicts) {
    const name = printManager(manager);
    const paths = byManager.get(name);
    if (paths) paths.push(path);
    else byManager.set(name, [path]);
  }
  const lines = [...byManager.keys()]
    .sort()
    .flatMap((name) => [`conflicts with ${name}:`, ...(byManager.get(name) ?? []).map((path) => `- ${path}`)]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function printManager({ manager, operation, apiVersion, subresource }: FieldConflict['manager']): string {
  const name = JSON.stringify(manager) + (subresource ? ` with subresource ${JSON.stringify(subresource)}` : '');
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
