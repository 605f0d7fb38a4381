import { readFileSync } from 'node:fs';
import { applyDefaults, checkStructural, validateSchema } from '@plinth/sdk/kinds';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { exampleRequestFile, INGRESS_PORT, promiseFile, stepImages } from '../src/index.ts';

const promise = parse(readFileSync(promiseFile, 'utf8'));
const schema = promise.spec.api.spec.versions[0].schema.openAPIV3Schema;
const example = parse(readFileSync(exampleRequestFile, 'utf8'));
const [pipeline] = promise.spec.workflows.resource.configure;
const problems = (spec: object, name = 'todo'): readonly string[] =>
  validateSchema(applyDefaults({ ...example, metadata: { name }, spec }, schema), schema).map(({ field, message }) => `${field}: ${message}`);

describe('promise.yaml', () => {
  it('names images that there are steps for', () => {
    expect(pipeline.spec.containers.map(({ image }: { image: string }) => image)).toEqual(Object.keys(stepImages));
  });

  it('has the variable that follows the port of the workers', () => {
    expect(pipeline.spec.containers.flatMap(({ env }: { env: { name: string }[] }) => env).filter(({ name }: { name: string }) => name === INGRESS_PORT)).toEqual([{ name: 'INGRESS_PORT', value: '31338' }]);
  });

  it('has a structural schema that takes the example, and fills in what is left out', () => {
    expect(checkStructural(schema)).toEqual([]);
    expect(validateSchema(example, schema)).toEqual([]);
    expect(applyDefaults({ ...example, spec: { image: 'x' } }, schema)).toMatchObject({ spec: { dbDriver: 'none', service: { port: 8080 } } });
  });

  it.each([
    [{}, 'spec.image: Required value'],
    [{ image: 'x', dbDriver: 'mysql' }, 'spec.dbDriver: Unsupported value: "mysql": supported values: "none", "postgresql"'],
    [{ image: 'x', service: { port: 70_000 } }, 'spec.service.port: Invalid value: 70000: spec.service.port in body should be less than or equal to 65535'],
  ])('refuses %j in the words of Kubernetes', (spec, message) => {
    expect(problems(spec)).toEqual([message]);
  });

  it('refuses a name whose database could not have one', () => {
    expect(problems({ image: 'x' }, 'a'.repeat(27))).toEqual([]);
    expect('a'.repeat(27).length + '-db'.length).toBeLessThanOrEqual(30);
    expect(problems({ image: 'x' }, 'a'.repeat(28))).toHaveLength(1);
    expect(problems({ image: 'x' }, '1st')).toHaveLength(1);
  });
});
