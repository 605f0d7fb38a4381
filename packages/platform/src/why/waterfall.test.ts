import type { Job, Pod, Work, WorkPlacement } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import type { ReadChain } from './read-chain.ts';
import { waterfall } from './waterfall.ts';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
const job = (run: number, start: number, end: number | undefined): Job =>
  ({ metadata: { name: `run-${run}`, labels: { 'kratix.io/pipeline-name': 'make' }, annotations: { 'plinth.dev/run': String(run) } }, status: { startTime: at(start), ...(end === undefined ? {} : { completionTime: at(end) }) } }) as unknown as Job;
const pod = (name: string, start: number, end: number): Pod =>
  ({ metadata: { ownerReferences: [{ name }] }, status: { containerStatuses: [{ name: 'step', state: { terminated: { startedAt: at(start), finishedAt: at(end) } } }] } }) as unknown as Pod;
const chain = (extra: object): ReadChain =>
  ({
    type: 'request',
    object: { metadata: { name: 'one', creationTimestamp: at(100) } },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(130) }] },
    works: [{ metadata: { name: 'w', labels: { 'kratix.io/pipeline-name': 'make' } } } as unknown as Work],
    placements: [{ metadata: { name: 'p', labels: { 'kratix.io/work': 'w' }, creationTimestamp: at(110) }, spec: { targetDestinationName: 'worker' }, status: { conditions: [{ type: 'WriteSucceeded', status: 'True', lastTransitionTime: at(112) }] } } as unknown as WorkPlacement],
    jobs: [job(1, 101, 110)],
    pods: [pod('run-1', 102, 109)],
    ...extra,
  }) as unknown as ReadChain;
const told = (spans: ReturnType<typeof waterfall>): readonly string[] => spans.map(({ name, startMs, endMs, parts = [] }) => [`${name} ${startMs / 1000}-${endMs === undefined ? '' : endMs / 1000}`, ...parts.map((part) => part.name)].join(' > '));

describe(waterfall, () => {
  it('goes from the request to the service', () => {
    expect(told(waterfall(chain({})))).toEqual(['asked for 100-', 'pipeline make 101-110 > step', 'commit for worker 110-112', 'until it works 112-130']);
  });

  it('takes milliseconds from events where there are some', () => {
    const moments = [
      { about: 'one', reason: 'PipelineStarted', atMs: 100_300 },
      { about: 'w', reason: 'AllWorkplacementsScheduled', atMs: 110_250 },
      { about: 'p', reason: 'WorkloadsWrittenToStateStore', atMs: 112_400 },
    ];
    const spans = waterfall(chain({ jobs: [job(1, 100, 110)] }), moments);
    expect(told(spans)).toEqual(['asked for 100.3-', 'pipeline make 100.3-110.25 > step', 'commit for worker 110.25-112.4', 'until it works 112.4-130']);
    expect(spans.map(({ precisionMs }) => precisionMs)).toEqual([1000, 1, 1, 1000]);
  });

  it('knows from the proof when the files were applied', () => {
    const applied = (provedAt: string) => waterfall(chain({ status: { conditions: [{ type: 'Applied', status: 'True', lastTransitionTime: at(112), provedAt }] } })).find(({ name }) => name === 'applied');
    expect(applied('1970-01-01T00:01:52.800Z')).toMatchObject({ startMs: 112_800, precisionMs: 1 });
    // Proved again after a while of not knowing.
    expect(applied('1970-01-01T00:01:59.800Z')).toMatchObject({ startMs: 112_000, precisionMs: 1000 });
  });

  it('tells of the last run alone when the workflow ran again', () => {
    expect(told(waterfall(chain({ jobs: [job(2, 500, 504), job(1, 101, 110)] })))).toEqual(['pipeline make 500-504']);
    expect(told(waterfall(chain({ jobs: [job(2, 500, 504), job(1, 101, 110)] }), [{ about: 'p', reason: 'WorkloadsWrittenToStateStore', atMs: 505_000 }]))).toEqual(['pipeline make 500-504', 'commit for worker 504-505']);
  });

  it('leaves open what goes on', () => {
    expect(told(waterfall(chain({ status: {}, jobs: [job(1, 101, undefined)], pods: [], placements: [], works: [] })))).toEqual(['asked for 100-', 'pipeline make 101-']);
  });
});
