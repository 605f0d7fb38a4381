import type { KubeObject } from '@plinth/apimachinery';
import { pods } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { Cache } from '@plinth/controller-runtime';
import type { DataState } from '../engine/index.ts';
import { PostgresError } from '../errors.ts';
import type { Address } from '../sql/connection.ts';
import { parseLeaderRecord, leaderRecordName, takeLead, type ConfigRecord } from './leader-record.ts';
import { configMaps } from '@plinth/api';
import type { InstanceSettings } from './parse-environment.ts';

export type Role =
  | { readonly type: 'primary' }
  | {
      readonly type: 'replica';
      readonly leader: () => string;
      readonly primary: () => Address;
      /** `primary_conninfo` for the present leader. */
      readonly connectionInfo: () => string;
      /** Calls back when the leader or its address changes; returns the function that ends it. */
      readonly onLeaderMoved: (callback: () => void) => () => void;
    };

export interface ChooseRoleOptions {
  readonly client: Client;
  readonly cache: Cache;
  readonly settings: InstanceSettings;
  readonly data: DataState;
  readonly record: ConfigRecord;
  readonly now: () => Date;
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Who is this pod: the leader, or a replica of it. The first pod takes the lead when nobody has it; the others wait for
 * a leader that runs.
 *
 * Errors: `DataDamaged` when this pod leads a cluster that had data and its own is gone: an empty database in its
 * place would look like success.
 */
export async function chooseRole(options: ChooseRoleOptions): Promise<Role> {
  const { client, settings, data, record, now } = options;
  if (settings.ordinal === 0) {
    const { leader } = await takeLead(client, settings, now());
    if (leader === settings.podName) {
      if (record.initialize && data.type !== 'ready') {
        throw new PostgresError(
          'DataDamaged',
          `the cluster ${settings.scope} was initialised before (system identifier ${record.initialize}) and ${settings.root} holds no data`,
          `Bring the volume back; to start with an empty database instead, delete the ConfigMap ${settings.scope}-config`,
        );
      }
      return { type: 'primary' };
    }
  }
  return followLeader(options);
}

async function followLeader({ cache, settings, log, signal }: ChooseRoleOptions): Promise<Role> {
  const { namespace, scope } = settings;
  const leaders = cache.informer(configMaps, { namespace, fieldSelector: `metadata.name=${leaderRecordName(scope)}` });
  const labelSelector = Object.entries(settings.labels).map(([name, value]) => `${name}=${value}`).join(',');
  const members = cache.informer<KubeObject & { readonly status?: { readonly podIP?: string } }>(pods, { namespace, labelSelector });
  const present = (): { readonly leader: string; readonly address: Address } | undefined => {
    const leader = parseLeaderRecord(leaders.get({ namespace, name: leaderRecordName(scope) }))?.leader;
    const pod = leader === undefined ? undefined : members.get({ namespace, name: leader });
    const host = pod?.status?.podIP;
    return leader && host && pod.metadata.labels?.[settings.roleLabel] === 'master' ? { leader, address: { host, port: settings.port } } : undefined;
  };
  await Promise.all([leaders.synced, members.synced]);
  let last = present();
  if (!last) log('waiting for a leader');
  const onChange = (callback: () => void): (() => void) => {
    const handler = { added: callback, updated: callback, deleted: callback };
    const ends = [leaders.subscribe(handler), members.subscribe(handler)];
    return () => ends.forEach((end) => end());
  };
  if (!last) {
    const found = Promise.withResolvers<void>();
    const end = onChange(() => {
      last = present() ?? last;
      if (last) found.resolve();
    });
    const abort = (): void => found.resolve();
    signal.addEventListener('abort', abort, { once: true });
    await found.promise.finally(end);
    signal.removeEventListener('abort', abort);
    signal.throwIfAborted();
  }
  const current = (): NonNullable<typeof last> => (last = present() ?? last!);
  return {
    type: 'replica',
    leader: () => current().leader,
    primary: () => current().address,
    connectionInfo: () => connectionInfo(settings, current().address),
    onLeaderMoved: (callback) => {
      let known = connectionInfo(settings, current().address);
      return onChange(() => {
        const next = connectionInfo(settings, current().address);
        if (next === known) return;
        known = next;
        log(`the leader is now ${current().leader} at ${current().address.host}`);
        callback();
      });
    },
  };
}

function connectionInfo(settings: InstanceSettings, primary: Address): string {
  const fields = { host: primary.host, port: String(primary.port), user: settings.standby.name, password: settings.standby.password, application_name: settings.podName };
  return Object.entries(fields).map(([name, value]) => `${name}='${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`).join(' ');
}
