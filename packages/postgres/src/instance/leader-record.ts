import { isAlreadyExists, isConflict, isNotFound, type KubeObject } from '@plinth/apimachinery';
import { configMaps } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { InstanceSettings } from './parse-environment.ts';

/** Who leads the cluster, as Patroni records it in the ConfigMap `<scope>-leader`. */
export interface LeaderRecord {
  readonly leader: string;
  /** How often the leader has changed. */
  readonly transitions: number;
}

/** What the members share, in the ConfigMap `<scope>-config`. */
export interface ConfigRecord {
  /** The system identifier of the database that this cluster was made with; set once. */
  readonly initialize: string | undefined;
  /** Parameters that the operator changed later; undefined: those of the environment hold. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
}

export const leaderRecordName = (scope: string): string => `${scope}-leader`;
export const configRecordName = (scope: string): string => `${scope}-config`;

/** Undefined when nobody leads. */
export function parseLeaderRecord(object: KubeObject | undefined): LeaderRecord | undefined {
  const { leader, transitions } = object?.metadata.annotations ?? {};
  return leader ? { leader, transitions: Number(transitions) || 0 } : undefined;
}

export function parseConfigRecord(object: KubeObject | undefined): ConfigRecord {
  const { config, initialize } = object?.metadata.annotations ?? {};
  return { initialize: initialize || undefined, parameters: parametersOf(config) };
}

/** Takes the lead when nobody has it. Returns who leads; of several that try at once exactly one wins. */
export async function takeLead(client: Client, settings: InstanceSettings, now: Date): Promise<LeaderRecord> {
  const key = { namespace: settings.namespace, name: leaderRecordName(settings.scope) };
  for (;;) {
    const present = await client.find<KubeObject>(configMaps, key);
    const record = parseLeaderRecord(present);
    if (record) return record;
    const annotations = leaderAnnotations(settings, now);
    try {
      if (present) {
        const { resourceVersion } = present.metadata;
        await client.patch(configMaps, key, 'merge', { metadata: { resourceVersion, annotations } });
      } else {
        await client.create(configMaps, newRecord(settings, key.name, annotations));
      }
      return { leader: settings.podName, transitions: 0 };
    } catch (error) {
      // Somebody else was faster: look again.
      if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error;
    }
  }
}

/** Written once the database is there, so that a cluster that loses its data later is not taken for a new one. */
export async function recordInitialisation(client: Client, settings: InstanceSettings, systemIdentifier: string): Promise<void> {
  const name = configRecordName(settings.scope);
  const config = JSON.stringify({ ...settings.dcs, postgresql: { parameters: settings.parameters } });
  const annotations = { initialize: systemIdentifier, config };
  try {
    await client.create(configMaps, newRecord(settings, name, annotations));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // The operator may have written parameters already; they stay.
    const key = { namespace: settings.namespace, name };
    await client.patch(configMaps, key, 'merge', { metadata: { annotations: { initialize: systemIdentifier } } });
  }
}

const leaderAnnotations = (settings: InstanceSettings, now: Date): Readonly<Record<string, string>> => ({
  leader: settings.podName,
  acquireTime: now.toISOString(),
  renewTime: now.toISOString(),
  ttl: String(settings.dcs['ttl'] ?? 30),
  transitions: '0',
});

function newRecord(settings: InstanceSettings, name: string, annotations: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: settings.namespace, labels: settings.labels, annotations } };
}

function parametersOf(config: string | undefined): Readonly<Record<string, string>> | undefined {
  if (!config) return undefined;
  try {
    const value = JSON.parse(config) as { postgresql?: { parameters?: Record<string, unknown> } };
    const parameters = value.postgresql?.parameters;
    if (typeof parameters !== 'object' || parameters === null) return undefined;
    return Object.fromEntries(Object.entries(parameters).map(([name, text]) => [name, String(text)]));
  } catch {
    return undefined;
  }
}
