import { type JsonSchema, pods } from '@plinth/api';
import { isJsonObject, parseYaml, pruneUnknown, type StatusCause, validateSchema } from '@plinth/apimachinery';
import { DEFAULT_CONFIG, type LogLevel, type PlatformConfig, type TelemetryConfig } from '../config.ts';
import { parseGoDuration } from '../go-duration.ts';

/** Of `logging`, what is given: the rest is the installation's. */
export type GivenSettings = Partial<Omit<PlatformConfig, 'logging'>> & { readonly logging?: Partial<PlatformConfig['logging']> };

export interface ParsedSettings {
  /** What the ConfigMap sets; empty when there are problems. */
  readonly settings: GivenSettings;
  /** Why it cannot be used at all, each with the path in the document. */
  readonly problems: readonly string[];
  /** What is ignored or replaced by a default. */
  readonly warnings: readonly string[];
}

/**
 * Reads the ConfigMap `kratix` (contract, section 8.1): its key `config`, a YAML document. Where Kratix stops at a document
 * that it cannot read, this says what is wrong with it; where Kratix takes a default for a value out of bounds, so does
 * this, with a warning.
 */
export function parseSettings(data: Readonly<Record<string, string>> | undefined): ParsedSettings {
  const text = data?.['config'];
  if (text === undefined) return refused(['config: Required value: the settings are a YAML document under this key']);
  let document: unknown;
  try {
    document = parseYaml(text) ?? {};
  } catch (error) {
    return refused([`config: Invalid value: ${(error as Error).message}`]);
  }
  if (!isJsonObject(document)) return refused(['config: Invalid value: must be a mapping of settings']);
  const known = pruneUnknown(document, SCHEMA);
  const problems = validateSchema(known.value, SCHEMA, 'config');
  if (problems.length > 0) return refused(problems.map(({ field, message }: StatusCause) => `${field}: ${message}`));
  const reader = createReader(known.value as Document);
  for (const path of known.unknown) reader.warnings.push(`config.${path}: nobody knows this setting${HINTS[path] ? `; ${HINTS[path]}` : ''}`);
  const settings = reader.read();
  return reader.problems.length > 0 ? refused(reader.problems) : { settings, problems: [], warnings: reader.warnings };
}

const refused = (problems: readonly string[]): ParsedSettings => ({ settings: {}, problems, warnings: [] });

/** What people write because a document somewhere says so. */
const HINTS: Readonly<Record<string, string>> = { workPlacementRewriteInterval: 'the name is stateStoreReconciliationInterval' };

function createReader(document: Document) {
  const problems: string[] = [];
  const warnings: string[] = [];
  const duration = (path: string, text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    const ms = parseGoDuration(text);
    if (ms === undefined) problems.push(`config.${path}: Invalid value: ${JSON.stringify(text)}: must be a duration such as 90s, 5m or 10h`);
    return ms;
  };
  const orDefault = <T>(path: string, value: T | undefined, isGood: (value: T) => boolean, fallback: T, why: string): T | undefined => {
    if (value === undefined || isGood(value)) return value;
    warnings.push(`config.${path}: ${JSON.stringify(value)} ${why}; ${JSON.stringify(fallback)} is used`);
    return fallback;
  };

  const read = (): GivenSettings => {
    const { workflows = {}, controllerLeaderElection: election = {}, featureFlags = {}, logging = {}, git = {} } = document;
    if (featureFlags.promiseUpgrade !== undefined) warnings.push('config.featureFlags.promiseUpgrade: is always on and need not be set');
    const defaults = DEFAULT_CONFIG;
    const level = orDefault('logging.level', logging.level, (name) => LEVELS.has(name.toLowerCase()), 'info', `is none of ${[...LEVELS.keys()].join(', ')}`);
    const read: { readonly [K in keyof GivenSettings]?: GivenSettings[K] | undefined } = {
      jobsToKeep: orDefault('numberOfJobsToKeep', document.numberOfJobsToKeep, (count) => count >= 1, defaults.jobsToKeep, 'is less than 1'),
      selectiveCache: document.selectiveCache,
      reconciliationIntervalMs: duration('reconciliationInterval', document.reconciliationInterval),
      stateStoreReconciliationIntervalMs: duration('stateStoreReconciliationInterval', document.stateStoreReconciliationInterval),
      resourceBindingVersionStrategy: orDefault('resourceBindingVersionStrategy', document.resourceBindingVersionStrategy as 'floating' | undefined, (name) => ['floating', 'pinned', ''].includes(name), 'floating', 'is neither "floating" nor "pinned"') || undefined,
      reconcileAfterFailure: workflows.reconcileAfterFailure,
      backoffLimit: workflows.jobOptions?.defaultBackoffLimit,
      activeDeadlineSeconds: workflows.jobOptions?.defaultActiveDeadlineSeconds,
      podTtlSecondsAfterFinished: workflows.jobOptions?.podTTLSecondsAfterFinished,
      imagePullPolicy: workflows.defaultImagePullPolicy || undefined,
      containerSecurityContext: workflows.defaultContainerSecurityContext,
      resources: workflows.defaultContainerResources,
      minimumFetchIntervalMs: orDefault('git.minimumFetchInterval', duration('git.minimumFetchInterval', git.minimumFetchInterval), (ms) => ms >= 0, defaults.minimumFetchIntervalMs, 'ms is negative'),
      featureFlags: featureFlags.dryRun === undefined ? undefined : { dryRun: featureFlags.dryRun },
      leaderElection: {
        leaseDurationMs: duration('controllerLeaderElection.leaseDuration', election.leaseDuration) ?? defaults.leaderElection.leaseDurationMs,
        renewDeadlineMs: duration('controllerLeaderElection.renewDeadline', election.renewDeadline) ?? defaults.leaderElection.renewDeadlineMs,
        retryPeriodMs: duration('controllerLeaderElection.retryPeriod', election.retryPeriod) ?? defaults.leaderElection.retryPeriodMs,
      },
      logging: {
        ...(logging.structured === undefined ? {} : { structured: logging.structured }),
        ...(level === undefined ? {} : { level: levelOf(level) }),
      },
      telemetry: document.telemetry && telemetryOf(document.telemetry, warnings),
    };
    return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as GivenSettings;
  };
  return { read, problems, warnings };
}

function telemetryOf({ endpoint = '', protocol, insecure = false, headers = {}, traces, metrics }: NonNullable<Document['telemetry']>, warnings: string[]): TelemetryConfig | undefined {
  if (endpoint === '') {
    warnings.push('config.telemetry.endpoint: is empty; nothing is exported');
    return undefined;
  }
  const named = protocol === undefined || protocol === '' ? 'grpc' : PROTOCOLS.get(protocol);
  if (!named) {
    warnings.push(`config.telemetry.protocol: ${JSON.stringify(protocol)} is none of ${[...PROTOCOLS.keys()].join(', ')}; nothing is exported`);
    return undefined;
  }
  return { endpoint, protocol: named, insecure, headers, traces: traces?.enabled ?? true, metrics: metrics?.enabled ?? true };
}

const PROTOCOLS = new Map<string, TelemetryConfig['protocol']>([['grpc', 'grpc'], ['http', 'http/protobuf'], ['http/protobuf', 'http/protobuf']]);
const LEVELS = new Map<string, LogLevel>([['trace', 'trace'], ['debug', 'debug'], ['info', 'info'], ['warn', 'warn'], ['warning', 'warn'], ['error', 'error']]);
const levelOf = (text: string): LogLevel => LEVELS.get(text.toLowerCase()) ?? 'info';

/** What {@link SCHEMA} lets through. */
interface Document {
  readonly numberOfJobsToKeep?: number;
  readonly selectiveCache?: boolean;
  readonly reconciliationInterval?: string;
  readonly stateStoreReconciliationInterval?: string;
  readonly resourceBindingVersionStrategy?: string;
  readonly controllerLeaderElection?: { readonly leaseDuration?: string; readonly renewDeadline?: string; readonly retryPeriod?: string };
  readonly featureFlags?: { readonly dryRun?: boolean; readonly promiseUpgrade?: boolean };
  readonly workflows?: {
    readonly reconcileAfterFailure?: boolean;
    readonly jobOptions?: { readonly defaultBackoffLimit?: number; readonly defaultActiveDeadlineSeconds?: number; readonly podTTLSecondsAfterFinished?: number };
    readonly defaultImagePullPolicy?: string;
    readonly defaultContainerSecurityContext?: Readonly<Record<string, unknown>>;
    readonly defaultContainerResources?: Readonly<Record<string, unknown>>;
  };
  readonly logging?: { readonly structured?: boolean; readonly level?: string };
  readonly git?: { readonly minimumFetchInterval?: string };
  readonly telemetry?: {
    readonly endpoint?: string;
    readonly protocol?: string;
    readonly insecure?: boolean;
    readonly headers?: Readonly<Record<string, string>>;
    readonly traces?: { readonly enabled?: boolean };
    readonly metrics?: { readonly enabled?: boolean };
  };
}

const text: JsonSchema = { type: 'string' };
const flag: JsonSchema = { type: 'boolean' };
const count: JsonSchema = { type: 'integer', format: 'int32', minimum: 0 };
const settings = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({ type: 'object', properties });
const container = pods.schema.properties!['spec']!.properties!['containers']!.items!.properties!;

const SCHEMA: JsonSchema = settings({
  numberOfJobsToKeep: { type: 'integer', format: 'int32' },
  selectiveCache: flag,
  reconciliationInterval: text,
  stateStoreReconciliationInterval: text,
  resourceBindingVersionStrategy: text,
  controllerLeaderElection: settings({ leaseDuration: text, renewDeadline: text, retryPeriod: text }),
  featureFlags: settings({ dryRun: flag, promiseUpgrade: flag }),
  workflows: settings({
    reconcileAfterFailure: flag,
    jobOptions: settings({ defaultBackoffLimit: count, defaultActiveDeadlineSeconds: count, podTTLSecondsAfterFinished: count }),
    defaultImagePullPolicy: { type: 'string', enum: ['', 'Always', 'IfNotPresent', 'Never'] },
    defaultContainerSecurityContext: container['securityContext']!,
    defaultContainerResources: container['resources']!,
  }),
  logging: settings({ structured: flag, level: text }),
  git: settings({ minimumFetchInterval: text }),
  telemetry: settings({
    endpoint: text,
    protocol: text,
    insecure: flag,
    headers: { type: 'object', additionalProperties: text },
    traces: settings({ enabled: flag }),
    metrics: settings({ enabled: flag }),
  }),
});
