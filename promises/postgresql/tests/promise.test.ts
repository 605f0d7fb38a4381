import { readFileSync } from 'node:fs';
import { applyDefaults, checkStructural, validateSchema } from '@plinth/sdk/kinds';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { exampleRequestFile, promiseFile, stepImages } from '../src/index.ts';
import { renderPromise } from '../src/render-promise.ts';

const text = readFileSync(promiseFile, 'utf8');
const promise = parse(text);
const schema = promise.spec.api.spec.versions[0].schema.openAPIV3Schema;
const example = parse(readFileSync(exampleRequestFile, 'utf8'));
const problems = (spec: object, name = 'example'): readonly string[] =>
  validateSchema(applyDefaults({ ...example, metadata: { name }, spec }, schema), schema).map(({ field, message }) => `${field}: ${message}`);

describe('promise.yaml', () => {
  it('is what render.ts makes of the template, the kinds and the operator', () => {
    expect(text, 'run `npm run render -w @plinth/promise-postgresql`').toBe(renderPromise());
  });

  it('brings the kinds of the operator before the operator itself', () => {
    expect(promise.spec.dependencies.map(({ kind, metadata }: { kind: string; metadata: { name: string } }) => `${kind}/${metadata.name}`)).toEqual([
      'CustomResourceDefinition/postgresqls.acid.zalan.do',
      'CustomResourceDefinition/operatorconfigurations.acid.zalan.do',
      'CustomResourceDefinition/postgresteams.acid.zalan.do',
      'ServiceAccount/postgres-operator',
      'ClusterRole/postgres-operator',
      'ClusterRole/postgres-pod',
      'ClusterRoleBinding/postgres-operator',
      'Service/postgres-operator',
      'OperatorConfiguration/postgres-operator',
      'Deployment/postgres-operator',
    ]);
  });

  it('gives the operator every right of the role that it binds to databases', () => {
    const rulesOf = (name: string): { apiGroups: string[]; resources: string[]; verbs: string[] }[] =>
      promise.spec.dependencies.find(({ kind, metadata }: { kind: string; metadata: { name: string } }) => kind === 'ClusterRole' && metadata.name === name).rules;
    const rights = (rules: ReturnType<typeof rulesOf>): Set<string> => new Set(rules.flatMap(({ apiGroups, resources, verbs }) => apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)))));
    expect([...rights(rulesOf('postgres-pod')).difference(rights(rulesOf('postgres-operator')))]).toEqual([]);
  });

  it('names images that there are steps for', () => {
    const [pipeline] = promise.spec.workflows.resource.configure;
    expect(pipeline.metadata.name).toBe('instance-configure');
    expect(pipeline.spec.containers.map(({ image }: { image: string }) => image)).toEqual(Object.keys(stepImages));
  });

  it('has a structural schema that takes the example, and fills in what is left out', () => {
    expect(checkStructural(schema)).toEqual([]);
    expect(validateSchema(example, schema)).toEqual([]);
    expect(applyDefaults({ ...example, spec: {} }, schema)).toMatchObject({ spec: { env: 'dev', teamId: 'acid', dbName: 'postgres', namespace: 'default' } });
  });

  it.each([
    [{ env: 'test' }, 'spec.env: Unsupported value: "test": supported values: "dev", "prod"'],
    [{ dbName: 7 }, 'spec.dbName: Invalid value: "integer": spec.dbName in body must be of type string: "integer"'],
    [{ teamId: 'Acid_1' }, `spec.teamId: Invalid value: "Acid_1": spec.teamId in body should match '^[a-z]([-a-z0-9]*[a-z0-9])?$'`],
    [{ teamId: 'a'.repeat(17) }, 'spec.teamId: Too long: may not be more than 16 bytes'],
    [{ dbName: 'best-db' }, `spec.dbName: Invalid value: "best-db": spec.dbName in body should match '^[a-zA-Z_][a-zA-Z0-9_]*$'`],
  ])('refuses %j in the words of Kubernetes', (spec, message) => {
    expect(problems(spec)).toEqual([message]);
  });

  it('refuses a name that would make the name of the database too long', () => {
    expect('a'.repeat(16).length + 1 + 'b'.repeat(30).length + '-postgresql'.length).toBeLessThanOrEqual(58);
    expect(problems({}, 'b'.repeat(31))).toEqual(['metadata.name: Too long: may not be more than 30 bytes']);
    expect(problems({}, 'dotted.name')).toHaveLength(1);
  });
});
