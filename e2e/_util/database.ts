import pg from 'pg';
import type { RunningPlinth } from './plinth.ts';

/** Logs in to a database of a `postgresql` of the worker as a person would: Secret and Service read with kubectl. */
export async function connectToDatabase(plinth: RunningPlinth, { name, user, database, namespace = 'default' }: { name: string; user: string; database: string; namespace?: string }): Promise<pg.Client> {
  const secret = await plinth.json<{ data: { password: string } }>(`--context worker get secret -n ${namespace} ${user}.${name}.credentials.postgresql.acid.zalan.do`);
  const service = await plinth.json<{ spec: { clusterIP: string } }>(`--context worker get service -n ${namespace} ${name}`);
  const client = new pg.Client({
    host: service.spec.clusterIP,
    port: 5432,
    user,
    database,
    password: Buffer.from(secret.data.password, 'base64').toString(),
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}
