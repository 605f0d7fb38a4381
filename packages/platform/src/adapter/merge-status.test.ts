import { describe, expect, it } from 'vitest';
import { mergeStatus } from './merge-status.ts';
import { groupWorkloads } from './workload-groups.ts';

const end = { generation: 2, pipelineName: 'p', isLast: true, type: 'resource', action: 'configure', reported: {}, suspension: undefined, now: 0 } as const;

describe(mergeStatus, () => {
  it('replaces top-level keys whole and conditions by type', () => {
    const before = { details: { a: 1 }, conditions: [{ type: 'Own', status: 'False', reason: 'R', message: 'm', lastTransitionTime: 't' }] };
    const after = mergeStatus(before, { ...end, reported: { details: { b: 2 }, conditions: [{ type: 'Own', status: 'True', reason: 'Done', message: 'ok' }] } });
    expect(after).toMatchObject({ details: { b: 2 }, conditions: [{ type: 'ConfigureWorkflowCompleted', status: 'True', reason: 'PipelinesExecutedSuccessfully', message: 'Pipelines completed' }, { type: 'Own', status: 'True', reason: 'Done', message: 'ok' }] });
    expect(after['details']).toEqual({ b: 2 });
  });
  it('puts a message in the place of Pending after the last pipeline, and no other', () => {
    expect(mergeStatus({ message: 'Pending' }, end)['message']).toBe('Resource requested');
    expect(mergeStatus({ message: 'Pending' }, { ...end, type: 'promise' })['message']).toBe('Promise configured');
    expect(mergeStatus({ message: 'Pending' }, { ...end, isDryRun: true })['message']).toBe('Dry run executed');
    expect(mergeStatus({ message: 'Pending' }, { ...end, isLast: false })['message']).toBe('Pending');
    expect(mergeStatus({ message: 'own' }, end)['message']).toBe('own');
    const replaced = (original: string) => ({ message: 'pipeline p failed', kratix: { replacedMessage: { original, shown: 'pipeline p failed' } } });
    expect(mergeStatus(replaced('Pending'), end)['message']).toBe('Resource requested');
    expect(mergeStatus(replaced('own'), end)['message']).toBe('pipeline p failed');
  });
  it('counts the attempts of a pipeline that asks for another, and completes nothing', () => {
    const suspension = { message: 'wait', retryAfterMs: 1_500 };
    const first = mergeStatus({}, { ...end, suspension });
    const waiting = { suspendedGeneration: 2, pipelines: [{ name: 'p', phase: 'Suspended', message: 'wait', nextRetryAt: '1970-01-01T00:00:02Z', attempts: 1, lastTransitionTime: '1970-01-01T00:00:00Z' }] };
    expect(first['kratix']).toEqual({ workflows: { ...waiting, configure: waiting } });
    expect(first['conditions']).toEqual([]);
    expect(mergeStatus(first, { ...end, suspension })['kratix']).toMatchObject({ workflows: { pipelines: [{ attempts: 2 }] } });
    const ended = { pipelines: [{ name: 'p', phase: 'Running', lastTransitionTime: '1970-01-01T00:00:00Z' }] };
    expect(mergeStatus(first, end)['kratix']).toEqual({ workflows: { ...ended, configure: ended } });
  });
});

describe(groupWorkloads, () => {
  const file = (path: string) => ({ path, content: Buffer.from('x') });
  it('makes a group per named directory and one of the rest, which alone is bound by the Promise', () => {
    const groups = groupWorkloads([file('a.yaml'), file('edge/b.yaml')], [{ directory: 'edge', matchLabels: { zone: 'e' } }, { directory: '.', matchLabels: { tier: '1' } }], { environment: 'dev' }, 'resource');
    expect(groups.map(({ workloads, ...group }) => ({ ...group, files: workloads.map(({ filepath }) => filepath) }))).toEqual([
      { id: expect.stringMatching(/^[0-9a-f]{32}$/), directory: 'edge', destinationSelectors: [{ matchLabels: { zone: 'e' }, source: 'resource-workflow' }], files: ['edge/b.yaml'] },
      { id: '5058f1af8388633f609cadb75a75dc9d', directory: '.', destinationSelectors: [{ matchLabels: { tier: '1' }, source: 'resource-workflow' }, { matchLabels: { environment: 'dev' }, source: 'promise' }], files: ['a.yaml'] },
    ]);
  });
  it('refuses a directory that is not there, and more than one object can carry', () => {
    expect(() => groupWorkloads([], [{ directory: 'edge', matchLabels: { a: 'b' } }], {}, 'resource')).toThrow('names the directory edge, which the pipeline did not write');
    const noise = Buffer.from(Array.from({ length: 2_000_000 }, (_, index) => (index * 2_654_435_761) >>> 24));
    for (let index = 0; index < noise.length; index += 1) noise[index] = Math.floor(Math.abs(Math.sin(index) * 1e6)) % 256;
    expect(() => groupWorkloads([{ path: 'big', content: noise }], [], {}, 'resource')).toThrow('one Work can carry');
  });
});
