/** Names, labels and selectors of everything that belongs to a cluster; external scripts select by them. */

export const finalizerName = 'postgres-operator.acid.zalan.do';
export const roleLabel = 'spilo-role';
export const rollingUpdateAnnotation = 'zalando-postgres-operator-rolling-update-required';
export const podAccount = 'postgres-pod';
export const superuserName = 'postgres';
export const standbyName = 'standby';
/** Roles that a request cannot claim. */
export const protectedRoles: ReadonlySet<string> = new Set(['admin', 'cron_admin', superuserName, standbyName]);

/** `application=spilo,cluster-name=<name>`: what every selector uses. */
export const baseLabels = (cluster: string): Readonly<Record<string, string>> => ({ application: 'spilo', 'cluster-name': cluster });
export const fullLabels = (cluster: string, team: string): Readonly<Record<string, string>> => ({ ...baseLabels(cluster), team });

export const replicaService = (cluster: string): string => `${cluster}-repl`;
export const budgetName = (cluster: string): string => `postgres-${cluster}-pdb`;
export const criticalBudgetName = (cluster: string): string => `postgres-${cluster}-critical-op-pdb`;
/** Two users whose names differ in `_` and `-` only share a Secret. */
export const secretName = (user: string, cluster: string): string => `${user.replaceAll('_', '-')}.${cluster}.credentials.postgresql.acid.zalan.do`;
/** A CronJob's name may have 52 characters, so that those of its Jobs fit. */
export const backupName = (cluster: string): string => `logical-backup-${cluster}`.slice(0, 52).replace(/-+$/, '');
export const hostOf = (cluster: string, namespace: string): string => `${cluster}.${namespace}.svc.cluster.local`;
export const claimName = (cluster: string, ordinal: number): string => `pgdata-${cluster}-${ordinal}`;
/** What the members keep in the API (Patroni's store). */
export const storeRecords = (cluster: string): readonly string[] => ['leader', 'config', 'failover', 'sync'].map((record) => `${cluster}-${record}`);
