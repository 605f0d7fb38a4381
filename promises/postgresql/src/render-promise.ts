import { readFileSync } from 'node:fs';
import { crdOf, operatorConfigurations, postgresqls, postgresTeams } from '@plinth/sdk/kinds';
import { parseAllDocuments, stringify } from 'yaml';

type Manifest = Record<string, unknown> & { readonly kind: string; readonly metadata: { readonly labels?: Readonly<Record<string, string>> } };

/**
 * `promise.yaml`: the template with its comments, and in the place of `dependencies: []` the operator's kinds (from
 * their declarations, which the embedded operator uses too) and the manifests in `dependencies/`.
 */
export function renderPromise(): string {
  const template = readFileSync(new URL('../promise.template.yaml', import.meta.url), 'utf8');
  const rendered = stringify({ dependencies: dependencies() }, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' });
  const indented = rendered.trimEnd().split('\n').map((line) => (line === '' ? line : `  ${line}`)).join('\n');
  if (!template.includes(PLACEHOLDER)) throw new Error(`promise.template.yaml has no line ${JSON.stringify(PLACEHOLDER.trim())}`);
  return template.replace(PLACEHOLDER, () => indented);
}

/** In the order in which a cluster can take them. */
export function dependencies(): readonly Manifest[] {
  const operator = parseAllDocuments(readFileSync(new URL('../dependencies/operator.yaml', import.meta.url), 'utf8')).map((document) => document.toJS() as Manifest);
  const kinds = [postgresqls, operatorConfigurations, postgresTeams].map((kind) => crdOf(kind) as unknown as Manifest);
  return [...kinds, ...operator].map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, labels: { ...manifest.metadata.labels, ...LABELS } } }));
}

const PLACEHOLDER = '  dependencies: []';
const LABELS = { 'app.kubernetes.io/name': 'postgres-operator', 'app.kubernetes.io/instance': 'postgres-operator' };
