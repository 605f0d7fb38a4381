import { describe, expect, it } from 'vitest';
import { parseSettings } from './parse-settings.ts';

const parse = (config: string) => parseSettings({ config });

describe(parseSettings, () => {
  it('reads every setting of Kratix, and ours', () => {
    const { settings, problems, warnings } = parse(`
numberOfJobsToKeep: 2
selectiveCache: true
reconciliationInterval: 5m
stateStoreReconciliationInterval: "0"
controllerLeaderElection: { leaseDuration: 30s, renewDeadline: 20s, retryPeriod: 4s }
resourceBindingVersionStrategy: pinned
featureFlags: { dryRun: true }
workflows:
  reconcileAfterFailure: false
  jobOptions: { defaultBackoffLimit: 4, defaultActiveDeadlineSeconds: 0, podTTLSecondsAfterFinished: 60 }
  defaultImagePullPolicy: Always
  defaultContainerSecurityContext: { runAsNonRoot: true }
  defaultContainerResources: { limits: { cpu: 1 } }
logging: { structured: false, level: warning }
git: { minimumFetchInterval: 1m }
telemetry: { endpoint: "otel:4317", insecure: true, metrics: { enabled: false } }
`);
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
    expect(settings).toEqual({
      jobsToKeep: 2,
      selectiveCache: true,
      reconciliationIntervalMs: 300_000,
      stateStoreReconciliationIntervalMs: 0,
      leaderElection: { leaseDurationMs: 30_000, renewDeadlineMs: 20_000, retryPeriodMs: 4_000 },
      resourceBindingVersionStrategy: 'pinned',
      featureFlags: { dryRun: true },
      reconcileAfterFailure: false,
      backoffLimit: 4,
      activeDeadlineSeconds: 0,
      podTtlSecondsAfterFinished: 60,
      imagePullPolicy: 'Always',
      containerSecurityContext: { runAsNonRoot: true },
      resources: { limits: { cpu: 1 } },
      logging: { structured: false, level: 'warn' },
      minimumFetchIntervalMs: 60_000,
      telemetry: { endpoint: 'otel:4317', protocol: 'grpc', insecure: true, headers: {}, traces: true, metrics: false },
    });
  });

  it.each([
    ['no key config', undefined, 'config: Required value: the settings are a YAML document under this key'],
    ['no mapping', { config: '- a' }, 'config: Invalid value: must be a mapping of settings'],
    ['a number of another type', { config: 'numberOfJobsToKeep: many' }, 'config.numberOfJobsToKeep: Invalid value: "string": config.numberOfJobsToKeep in body must be of type integer: "string"'],
    ['a day, which Go does not know', { config: 'reconciliationInterval: 1d' }, 'config.reconciliationInterval: Invalid value: "1d": must be a duration such as 90s, 5m or 10h'],
    ['a policy that is none', { config: 'workflows: { defaultImagePullPolicy: Sometimes }' }, 'config.workflows.defaultImagePullPolicy: Unsupported value: "Sometimes": supported values: "", "Always", "IfNotPresent", "Never"'],
  ])('refuses %s', (_what, data, message) => {
    expect(parseSettings(data).problems).toEqual([message]);
  });

  it('names the place where the YAML breaks', () => {
    expect(parse('a: [').problems).toEqual([expect.stringMatching(/^config: Invalid value: .*line 1/)]);
  });

  it.each([
    ['numberOfJobsToKeep: 0', { jobsToKeep: 5 }, 'config.numberOfJobsToKeep: 0 is less than 1; 5 is used'],
    ['resourceBindingVersionStrategy: newest', { resourceBindingVersionStrategy: 'floating' }, 'config.resourceBindingVersionStrategy: "newest" is neither "floating" nor "pinned"; "floating" is used'],
    ['git: { minimumFetchInterval: -1s }', { minimumFetchIntervalMs: 5_000 }, 'config.git.minimumFetchInterval: -1000 ms is negative; 5000 is used'],
    ['workPlacementRewriteInterval: 1h', {}, 'config.workPlacementRewriteInterval: nobody knows this setting; the name is stateStoreReconciliationInterval'],
    ['featureFlags: { promiseUpgrade: true }', {}, 'config.featureFlags.promiseUpgrade: is always on and need not be set'],
    ['telemetry: { endpoint: a, protocol: carrier-pigeon }', {}, 'config.telemetry.protocol: "carrier-pigeon" is none of grpc, http, http/protobuf; nothing is exported'],
  ])('goes on with a default for %s', (text, expected, warning) => {
    const { settings, problems, warnings } = parse(text);
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [warning] });
    expect(settings).toMatchObject(expected);
  });
});
