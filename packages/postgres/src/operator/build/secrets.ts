import { randomInt } from 'node:crypto';
import { hostOf, secretName, standbyName, superuserName } from '../names.ts';
import type { Cluster } from '../parse-cluster.ts';
import { childMeta, type Child } from './child.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** 64 letters and digits. */
export const randomPassword = (): string => Array.from({ length: 64 }, () => alphabet[randomInt(alphabet.length)]).join('');

/** Every role that logs in with a password of its own, and the database that it is for. */
export function credentialUsers(cluster: Cluster): readonly { readonly name: string; readonly database: string }[] {
  return [
    { name: superuserName, database: 'postgres' },
    { name: standbyName, database: 'postgres' },
    ...cluster.users
      .filter(({ flags }) => flags.includes('LOGIN'))
      .map(({ name }) => ({ name, database: cluster.databases.find(({ owner }) => owner === name)?.name ?? 'postgres' })),
  ];
}

/**
 * A new Secret. `username` and `password` are upstream's keys; the others spare every client from putting an address
 * together. Written once: whoever wants a password of their own makes the Secret first.
 */
export function credentialSecret(cluster: Cluster, user: { readonly name: string; readonly database: string }, password: string): Child {
  const host = hostOf(cluster.name, cluster.namespace);
  const uri = `postgresql://${encodeURIComponent(user.name)}:${encodeURIComponent(password)}@${host}:5432/${encodeURIComponent(user.database)}`;
  const values = { username: user.name, password, host, port: '5432', dbname: user.database, uri };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: childMeta(cluster, secretName(user.name, cluster.name)),
    type: 'Opaque',
    data: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  };
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** User and password from a Secret, or undefined when one of them is missing. */
export function readLogin(secret: { readonly data?: Readonly<Record<string, string>> } | undefined): Login | undefined {
  const value = (key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  const [username, password] = [value('username'), value('password')];
  return username && password ? { username, password } : undefined;
}
