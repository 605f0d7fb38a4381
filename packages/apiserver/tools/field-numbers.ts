/**
 * Writes `src/http/protobuf/messages.json`: for each message of the built-in kinds its fields, as
 * `NUMBER NAME TYPE [FLAGS]`, from Kubernetes' own definitions. Run it when a newer Kubernetes adds fields:
 *
 *   node tools/field-numbers.ts API_DIR APIMACHINERY_DIR
 *
 * with the directories of the Go modules k8s.io/api and k8s.io/apimachinery (`go mod download -json`).
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [apiDir = '', machineryDir = ''] = process.argv.slice(2);
const versions = ['core/v1', 'apps/v1', 'batch/v1', 'rbac/v1', 'policy/v1', 'autoscaling/v1', 'coordination/v1', 'discovery/v1', 'events/v1', 'storage/v1', 'authentication/v1', 'authorization/v1', 'scheduling/v1', 'networking/v1'];
const roots: readonly string[] = [
  ...['Namespace', 'Node', 'Pod', 'Service', 'Endpoints', 'Secret', 'ConfigMap', 'ServiceAccount', 'Event', 'PersistentVolume', 'PersistentVolumeClaim', 'PodTemplate'].map((kind) => `core.v1.${kind}`),
  ...['Deployment', 'ReplicaSet', 'StatefulSet', 'ControllerRevision'].map((kind) => `apps.v1.${kind}`),
  ...['Job', 'CronJob'].map((kind) => `batch.v1.${kind}`),
  ...['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'].map((kind) => `rbac.v1.${kind}`),
  ...['PodDisruptionBudget', 'Eviction'].map((kind) => `policy.v1.${kind}`),
  'autoscaling.v1.Scale',
  'coordination.v1.Lease',
  'discovery.v1.EndpointSlice',
  'events.v1.Event',
  'storage.v1.StorageClass',
  ...['TokenReview', 'TokenRequest', 'SelfSubjectReview'].map((kind) => `authentication.v1.${kind}`),
  ...['SubjectAccessReview', 'SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'LocalSubjectAccessReview'].map((kind) => `authorization.v1.${kind}`),
  'meta.v1.DeleteOptions',
];

interface Field {
  readonly number: string;
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
}

const messages = new Map<string, Field[]>();
const goFields = new Map<string, { readonly json: string; readonly inline: boolean; readonly dropZero: boolean }>();

for (const version of versions) load(`${version.replace('/', '.')}`, join(apiDir, version));
load('meta.v1', join(machineryDir, 'pkg/apis/meta/v1'));

function load(prefix: string, directory: string): void {
  const proto = readFileSync(join(directory, 'generated.proto'), 'utf8');
  for (const [, name = '', body = ''] of proto.matchAll(/^message (\w+) \{\n([^]*?)^\}/gm)) {
    const fields: Field[] = [];
    for (const match of body.matchAll(/^ {2}(?:(optional|repeated) )?(map<string, ([\w.]+)>|[\w.]+) (\w+) = (\d+);/gm)) {
      const type = match[3] ?? match[2] ?? '';
      fields.push({ number: match[5] ?? '', name: match[4] ?? '', type: resolve(type, prefix), repeated: match[1] === 'repeated', map: match[3] !== undefined });
    }
    messages.set(`${prefix}.${name}`, fields);
  }
  for (const file of readdirSync(directory).filter((name) => /types.*\.go$/.test(name) || name === 'types.go')) {
    const source = readFileSync(join(directory, file), 'utf8');
    for (const [, struct = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n([^]*?)^\}/gm)) {
      for (const match of body.matchAll(/^\s*(?:\w+\s+)?([^\s`]+)\s+`json:"([^",]*)([^"]*)"[^`]*protobuf:"[^"]*name=([^,"]+)/gm)) {
        const [, type = '', json = '', options = '', proto = ''] = match;
        goFields.set(`${prefix}.${struct}.${proto}`, {
          json,
          inline: options.includes('inline'),
          dropZero: !type.startsWith('*') && (options.includes('omitempty') || /^[A-Z]/.test(type)),
        });
      }
    }
  }
}

function resolve(type: string, prefix: string): string {
  const scalars: Readonly<Record<string, string>> = { string: 's', bytes: 'b', bool: 'o', int32: 'i', int64: 'i', double: 'd' };
  if (scalars[type]) return scalars[type];
  const known = /^\.k8s\.io\.(?:api|apimachinery\.pkg\.apis)\.(\w+\.\w+\.\w+)$/.exec(type);
  if (known) return known[1] ?? '';
  const special = /^\.k8s\.io\.apimachinery\.pkg\.(?:util\.intstr|api\.resource|runtime)\.(\w+)$/.exec(type);
  return special ? (special[1] ?? '') : `${prefix}.${type}`;
}

const special = new Set(['meta.v1.Time', 'meta.v1.MicroTime', 'meta.v1.Duration', 'meta.v1.FieldsV1']);
const result: Record<string, readonly string[]> = {};
const waiting = [...roots];
for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
  const fields = messages.get(name);
  if (result[name] || !fields) continue;
  result[name] = fields.map((field) => {
    const go = goFields.get(`${name}.${field.name}`);
    if (messages.has(field.type) && !special.has(field.type)) waiting.push(field.type);
    const flags = `${field.repeated ? 'r' : ''}${field.map ? 'm' : ''}${go?.inline || field.name === 'ephemeralContainerCommon' ? 'n' : ''}${go?.dropZero ? 'z' : ''}`;
    return [field.number, go?.json || field.name, field.type, flags].join(' ').trim();
  });
}
const sorted = Object.fromEntries(Object.entries(result).sort(([a], [b]) => (a < b ? -1 : 1)));
const lines = Object.entries(sorted).map(([name, fields]) => `${JSON.stringify(name)}: ${JSON.stringify(fields)}`);
writeFileSync(new URL('../src/http/protobuf/messages.json', import.meta.url), `{\n${lines.join(',\n')}\n}\n`);
