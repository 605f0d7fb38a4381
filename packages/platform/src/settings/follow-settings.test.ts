import type { ConfigMap } from '@plinth/api';
import { type Informer, type InformerHandler, type RecordedEvent, silentLogger } from '@plinth/controller-runtime';
import { describe, expect, it } from 'vitest';
import { followSettings } from './follow-settings.ts';

function scene() {
  let handler: InformerHandler<ConfigMap> = {};
  const informer = { subscribe: (given: InformerHandler<ConfigMap>) => ((handler = given), () => {}) } as unknown as Informer<ConfigMap>;
  const recorded: string[] = [];
  const recorder = { record: (_object: unknown, { type, reason, message }: RecordedEvent) => void recorded.push(`${type} ${reason}: ${message}`), flushed: async () => {}, [Symbol.asyncDispose]: async () => {} };
  const config = followSettings({ informer, installed: { jobsToKeep: 7, activeDeadlineSeconds: 3, logging: { structured: true, level: 'debug' } }, recorder, log: silentLogger });
  const map = (text: string): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kratix', namespace: 'kratix-platform-system' }, data: { config: text } });
  return { config, recorded, map, handler: () => handler };
}

describe(followSettings, () => {
  it('changes one and the same object, over what the installation says', () => {
    const { config, map, handler } = scene();
    expect(config).toMatchObject({ jobsToKeep: 7, backoffLimit: 1 });
    handler().added!(map('numberOfJobsToKeep: 2\nworkflows: { defaultImagePullPolicy: Never }'));
    expect(config).toMatchObject({ jobsToKeep: 2, activeDeadlineSeconds: 3, imagePullPolicy: 'Never' });
    handler().updated!(map('numberOfJobsToKeep: 3'), map('numberOfJobsToKeep: 2'));
    expect(config.jobsToKeep).toBe(3);
    expect(config).not.toHaveProperty('imagePullPolicy');
    handler().deleted!(map(''));
    expect(config.jobsToKeep).toBe(7);
    handler().added!(map('logging: { structured: false }'));
    expect(config.logging).toEqual({ structured: false, level: 'debug' });
  });

  it('keeps what was there when a document cannot be read, and says so where people look', () => {
    const { config, recorded, map, handler } = scene();
    handler().added!(map('numberOfJobsToKeep: 2'));
    handler().updated!(map('numberOfJobsToKeep: [2'), map('numberOfJobsToKeep: 2'));
    expect(config.jobsToKeep).toBe(2);
    expect(recorded).toEqual([expect.stringMatching(/^Warning InvalidSettings: the settings cannot be read, those before stay: config: Invalid value: /)]);
  });

  it('looks at no other ConfigMap', () => {
    const { config, map, handler } = scene();
    handler().added!({ ...map('numberOfJobsToKeep: 2'), metadata: { name: 'kratix', namespace: 'default' } });
    expect(config.jobsToKeep).toBe(7);
  });
});
