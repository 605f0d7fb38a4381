import { createHash } from 'node:crypto';
import type { Postgresql } from '@plinth/api';
import type { ObjectKey } from '@plinth/apimachinery';
import { secretName, superuserName } from '../operator/names.ts';

/** Whose database it is, and how to log in to it. */
export interface Target {
  readonly promise: string;
  /** The request on the platform. */
  readonly request: { readonly name: string; readonly namespace: string };
  /** On the worker. */
  readonly cluster: { readonly name: string; readonly namespace: string };
  /** On the platform, beside the request. */
  readonly record: { readonly name: string; readonly namespace: string };
  readonly user: string;
  readonly database: string;
  readonly secret: string;
}

/**
 * Reads the target from a `postgresql`: the first of its users and the first of its databases. Undefined for databases
 * that no request made (they carry no labels of one) and for those on their way out.
 */
export function targetOf(object: Postgresql): Target | undefined {
  const { name, namespace = 'default', labels = {}, deletionTimestamp } = object.metadata;
  const [promise, requestName] = [labels['kratix.io/promise-name'], labels['kratix.io/resource-name']];
  if (!promise || !requestName || deletionTimestamp) return undefined;
  const requestNamespace = labels['kratix.io/resource-namespace'] ?? 'default';
  const user = Object.keys(object.spec.users ?? {})[0] ?? superuserName;
  return {
    promise,
    request: { name: requestName, namespace: requestNamespace },
    cluster: { name, namespace },
    record: { name: recordName(promise, requestName, { namespace, name }), namespace: requestNamespace },
    user,
    database: Object.keys(object.spec.databases ?? {})[0] ?? 'postgres',
    secret: secretName(user, name),
  };
}

/** Always the same for a database, and different for two databases of one request. */
function recordName(promise: string, request: string, cluster: ObjectKey): string {
  const digest = createHash('sha256').update(`${cluster.namespace}/${cluster.name}`).digest('hex').slice(0, 8);
  return `${promise}-${request}`.slice(0, 244) + `-${digest}`;
}

/** The operator says that the primary accepts SQL: time for the first login. */
export const isSaidReady = (object: Postgresql): boolean => object.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;

/** Why the operator could not make the database, if so. */
export const saidFailure = ({ status }: Postgresql): string | undefined =>
  /Failed$|^Invalid$/.test(status?.PostgresClusterStatus ?? '') ? (status?.message ?? `the operator says ${status?.PostgresClusterStatus}`) : undefined;
