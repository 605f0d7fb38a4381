import { describe, expect, it } from 'vitest';
import { defineStep } from './define-step.ts';
import { testStep } from './test-step.ts';

interface Thing {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly size: number };
}
const step = defineStep<Thing>(({ object, env, output, status, log }) => {
  log(`making ${object.metadata.name}`);
  output('thing.yaml', [{ size: object.spec.size, zone: env['ZONE'] }]);
  status({ message: 'made' });
});

describe(testStep, () => {
  it('returns what the step wrote without touching a disk', async () => {
    const object: Thing = { apiVersion: 'e/v1', kind: 'Thing', metadata: { name: 'one' }, spec: { size: 3 } };
    const result = await testStep(step, { object, env: { ZONE: 'a' } });
    expect(result.files).toEqual({ 'thing.yaml': 'size: 3\nzone: a\n' });
    expect(result.documents('thing.yaml')).toEqual([{ size: 3, zone: 'a' }]);
    expect(result.status).toEqual({ message: 'made' });
    expect(result.log).toEqual(['making one']);
  });

  it('refuses what the platform would refuse', async () => {
    const object: Thing = { apiVersion: 'e/v1', kind: 'Thing', metadata: { name: 'one' }, spec: { size: 3 } };
    await expect(testStep(({ output }) => output('../x', {}), { object })).rejects.toThrow('the path leaves the output folder');
  });

  it('shows the step what an earlier one wrote', async () => {
    const object: Thing = { apiVersion: 'e/v1', kind: 'Thing', metadata: { name: 'one' }, spec: { size: 3 } };
    const { documents } = await testStep(({ documents: earlier, output }) => output('thing.yaml', [...earlier('thing.yaml'), { second: true }, ...earlier('none.yaml')]), { object, earlier: { 'thing.yaml': { size: 3 } } });
    expect(documents('thing.yaml')).toEqual([{ size: 3 }, { second: true }]);
  });
});
