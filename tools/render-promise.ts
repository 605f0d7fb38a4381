/**
 * `node tools/render-promise.ts [--check]`: makes promises/postgresql/promise.yaml of its template, the operator's manifests
 * and the CRDs that packages/api declares. With `--check` only says whether the file is as it would be made.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crdOf, operatorConfigurations, postgresqls, postgresTeams } from '@plinth/api';
import { parseAllDocuments, parseDocument, stringify } from 'yaml';

const folder = join(import.meta.dirname, '../promises/postgresql');
const target = join(folder, 'promise.yaml');

export function renderPromise(): string {
  const template = readFileSync(join(folder, 'promise.template.yaml'), 'utf8');
  const promise = parseDocument(template).toJS() as { spec: Record<string, unknown> };
  const operator = parseAllDocuments(readFileSync(join(folder, 'dependencies/operator.yaml'), 'utf8')).map((document) => labelled(document.toJS() as Manifest));
  promise.spec['dependencies'] = [...[postgresqls, operatorConfigurations, postgresTeams].map((kind) => crdOf(kind)), ...operator];
  return `# Made by \`node tools/render-promise.ts\` of promise.template.yaml and dependencies/; do not edit.\n${stringify(promise, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

interface Manifest {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}

/** The labels that Zalando's chart puts on everything. */
function labelled(manifest: Manifest): Manifest {
  const labels = { 'app.kubernetes.io/name': 'postgres-operator', 'app.kubernetes.io/instance': 'postgres-operator', ...manifest.metadata.labels };
  return { ...manifest, metadata: { ...manifest.metadata, labels } };
}

if (import.meta.main) {
  const rendered = renderPromise();
  if (process.argv.includes('--check')) {
    if (readFileSync(target, 'utf8') !== rendered) {
      console.error('promises/postgresql/promise.yaml is not what its sources make: run `node tools/render-promise.ts`');
      process.exitCode = 1;
    }
  } else writeFileSync(target, rendered);
}
