import { cronJobs, jobs, type CronJob, type Job } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { parseSchedule } from './parse-schedule.ts';
import { planCronJob } from './plan.ts';

const at = (text: string): number => Date.parse(`${text}Z`);

describe(parseSchedule, () => {
  it.each([
    ['* * * * *', '2026-01-01T00:00:30', '2026-01-01T00:01'],
    ['*/15 * * * *', '2026-01-01T00:15', '2026-01-01T00:30'],
    ['30 4 * * *', '2026-01-01T05:00', '2026-01-02T04:30'],
    ['0 0 29 2 *', '2026-01-01T00:00', '2028-02-29T00:00'],
    ['0 12 * * mon-fri', '2026-01-02T12:00', '2026-01-05T12:00'],
    ['0 0 13 * 5', '2026-02-01T00:00', '2026-02-06T00:00'],
    ['5,10-12 1 * jan,feb *', '2026-02-28T01:11', '2026-02-28T01:12'],
    ['0 0 * * 7', '2026-01-01T00:00', '2026-01-04T00:00'],
    ['@hourly', '2026-01-01T00:00', '2026-01-01T01:00'],
  ])('%s after %s is %s', (text, after, next) => {
    expect(parseSchedule(text).next(at(after))).toBe(at(next));
  });

  it('finds nothing for a day that never comes', () => {
    expect(parseSchedule('0 0 31 2 *').next(at('2026-01-01T00:00'))).toBeUndefined();
  });

  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: "* * * *"'],
    ['61 * * * *', 'minute "61" is not between 0 and 59'],
    ['*/0 * * * *', 'failed to parse minute "*/0"'],
    ['0 0 * * someday', 'day of week "someday" is not between 0 and 7'],
  ])('refuses %s', (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
  });
});

describe(planCronJob, () => {
  const schedule = parseSchedule('*/5 * * * *');
  const cronJob = (spec: object = {}, lastScheduleTime = '2026-01-01T00:00:00Z'): CronJob =>
    ({ apiVersion: 'batch/v1', kind: cronJobs.kind, metadata: { namespace: 'default', name: 'tick', uid: 'c' }, spec: { jobTemplate: { spec: {} }, ...spec }, status: { lastScheduleTime } }) as KubeObject as CronJob;
  const job = (name: string, condition?: 'Complete' | 'Failed'): Job =>
    ({ apiVersion: 'batch/v1', kind: jobs.kind, metadata: { namespace: 'default', name, creationTimestamp: name }, status: condition ? { conditions: [{ type: condition, status: 'True' }] } : {} }) as KubeObject as Job;

  it('waits for the next time and then makes one Job, named by that time', () => {
    expect(planCronJob(cronJob(), [], schedule, at('2026-01-01T00:04'))).toEqual({ remove: [], active: [], wakeAtMs: at('2026-01-01T00:05') });
    const plan = planCronJob(cronJob(), [], schedule, at('2026-01-01T00:05:01'));
    expect(plan.create?.job.metadata.name).toBe(`tick-${at('2026-01-01T00:05') / 60_000}`);
  });

  it('makes up for the last of the times that it missed, if that is not too late', () => {
    expect(planCronJob(cronJob(), [], schedule, at('2026-01-01T03:12')).create?.scheduledMs).toBe(at('2026-01-01T03:10'));
    expect(planCronJob(cronJob({ startingDeadlineSeconds: 60 }), [], schedule, at('2026-01-01T03:12'))).toMatchObject({ missed: { why: 'MissSchedule' } });
  });

  it('skips a time or replaces the Job when the one before is still active, as its policy says', () => {
    const now = at('2026-01-01T00:05');
    expect(planCronJob(cronJob({ concurrencyPolicy: 'Forbid' }), [job('a')], schedule, now)).toMatchObject({ missed: { why: 'JobAlreadyActive' } });
    const replaced = planCronJob(cronJob({ concurrencyPolicy: 'Replace' }), [job('a')], schedule, now);
    expect([replaced.remove.map(({ metadata }) => metadata.name), Boolean(replaced.create)]).toEqual([['a'], true]);
    expect(planCronJob(cronJob(), [job('a')], schedule, now).create).toBeDefined();
  });

  it('keeps as much history as is wanted', () => {
    const all = [job('1', 'Complete'), job('2', 'Complete'), job('3', 'Complete'), job('4', 'Complete'), job('5', 'Failed'), job('6', 'Failed')];
    const { remove } = planCronJob(cronJob({ suspend: true }), all, schedule, at('2026-01-01T00:05'));
    expect(remove.map(({ metadata }) => metadata.name)).toEqual(['1', '5']);
  });
});
