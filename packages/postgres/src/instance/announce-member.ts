import { pods } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { InstanceSettings } from './parse-environment.ts';

/** The pod's role label, by which the Services select it, and Patroni's `status` annotation. */
export async function announceMember(client: Client, settings: InstanceSettings, role: 'primary' | 'replica', version: string): Promise<void> {
  const { namespace, podName, podIP, port } = settings;
  const status = { conn_url: `postgres://${podIP}:${port}/postgres`, state: 'running', role, version };
  await client.patch(pods, { namespace, name: podName }, 'merge', {
    metadata: {
      labels: { [settings.roleLabel]: role === 'primary' ? 'master' : 'replica' },
      annotations: { status: JSON.stringify(status) },
    },
  });
}
