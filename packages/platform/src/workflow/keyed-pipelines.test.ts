import { describe, expect, it } from 'vitest';
import { type PipelinesStatus, withKeyedPipelines } from './keyed-pipelines.ts';

const run = { number: 2, action: 'configure', hash: 'new', pipeline: 'first' } as const;
const configure = { pipelines: [{ name: 'first', phase: 'Succeeded', hash: 'old' }, { name: 'second', phase: 'Succeeded', hash: 'old' }] } as const;

describe(withKeyedPipelines, () => {
  it('gives each entry the hash of its last run', () => {
    const started: PipelinesStatus = { run, configure, pipelines: [{ name: 'first', phase: 'Running' }, { name: 'second', phase: 'Pending' }] };
    expect(withKeyedPipelines(started, 'configure').configure).toEqual({ pipelines: [{ name: 'first', phase: 'Running', hash: 'new' }, { name: 'second', phase: 'Pending', hash: 'old' }] });
  });

  it('keeps what a configure workflow reached when a delete workflow has pipelines of the same name', () => {
    const pipelines = [{ name: 'second', phase: 'Succeeded' }, { name: 'first', phase: 'Running' }] as const;
    const deleting: PipelinesStatus = { run: { ...run, action: 'delete' }, configure, pipelines };
    expect(withKeyedPipelines(deleting, 'delete', new Set(['first']))).toEqual({ ...deleting, delete: { pipelines: [{ name: 'first', phase: 'Running', hash: 'new' }] } });
  });

  it('says the generation under the key of the workflow that is suspended', () => {
    const suspended: PipelinesStatus = { suspendedGeneration: 3, pipelines: [{ name: 'first', phase: 'Suspended' }] };
    expect(withKeyedPipelines(suspended, 'configure').configure).toEqual({ suspendedGeneration: 3, pipelines: [{ name: 'first', phase: 'Suspended' }] });
    expect(withKeyedPipelines({ ...suspended, pipelines: [] }, 'configure')).toEqual({ suspendedGeneration: 3, pipelines: [] });
  });
});
