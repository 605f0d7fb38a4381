import { boolean, field, freeObject, int32, int64, list, map, object, oneOf, string, stringList, stringMap, quantityMap, time, type Of } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { conditions, labelSelector } from '../schema/meta.ts';

/** Group and version of the Postgres operator's kinds. */
export const acidGroup = { group: 'acid.zalan.do', version: 'v1' } as const;

const CPU = '^(\\d+m|\\d+(\\.\\d{1,3})?)$';
const MEMORY = '^(\\d+(e\\d+)?|\\d+(\\.\\d+)?(e\\d+)?[EPTGMK]i?)$';

const amounts = (description: string) =>
  object(description, {
    cpu: string('Processor time: 100m, 1.5.', { pattern: CPU }),
    memory: string('Memory: 500Mi.', { pattern: MEMORY }),
    'hugepages-2Mi': string('Huge pages of 2 MiB.', { pattern: MEMORY }),
    'hugepages-1Gi': string('Huge pages of 1 GiB.', { pattern: MEMORY }),
  });
/** Requests and limits with the patterns of the operator. */
export const databaseResources = object('What computing resources the database needs.', {
  requests: amounts('The least it needs.'),
  limits: amounts('The most it may use.'),
});

const FLAGS = ['bypassrls', 'createdb', 'createrole', 'inherit', 'login', 'replication', 'superuser'].flatMap((flag) => [
  flag,
  flag.toUpperCase(),
  `no${flag}`,
  `NO${flag.toUpperCase()}`,
]);

const DAY = '(Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const CLOCK = '((2[0-3]|[01]?\\d):([0-5]?\\d)|(2[0-3]|[01]?\\d):([0-5]?\\d))';
const WINDOW = `^\\ *(${DAY}:)?${CLOCK}-${CLOCK}\\ *$`;

const postgresqlSpec = object(
  'The wanted database cluster.',
  {
    teamId: string('Team that owns the database.'),
    numberOfInstances: int32('Servers: one primary, the others follow it. 0 stops the database and keeps its data.', { minimum: 0 }),
    postgresql: object(
      'The server.',
      {
        version: oneOf('Major version, as a string.', ['11', '12', '13', '14', '15', '16', '17', '18']),
        parameters: stringMap('Settings of postgresql.conf; all values are strings.'),
      },
      ['version'],
    ),
    volume: object(
      'Storage of each server.',
      {
        size: string('Size: 1Gi. Can only grow.', { pattern: MEMORY }),
        storageClass: string('Class of the storage.'),
        subPath: string('Folder in the volume.'),
        isSubPathExpr: boolean('subPath holds variables.'),
        selector: labelSelector,
        iops: int32('Operations per second (AWS).', { maximum: 80000 }),
        throughput: int32('MiB per second (AWS).', { maximum: 2000 }),
        type: string('Type of the volume (AWS).'),
      },
      ['size'],
    ),
    resources: databaseResources,
    users: map('Roles and their flags; each gets a Secret with its password.', list('Flags of the role.', oneOf('A flag.', FLAGS), { nullable: true })),
    databases: stringMap('Databases and the role that owns each.'),
    preparedDatabases: map(
      'Databases with a set of roles made by rules.',
      object('A database.', {
        defaultUsers: boolean('Make login roles, too.', { default: false }),
        extensions: stringMap('Extensions and the schema of each.'),
        schemas: map('Schemas.', object('A schema.', { defaultUsers: boolean('Make login roles.', { default: false }), defaultRoles: boolean('Make roles.', { default: true }) })),
        secretNamespace: string('Namespace of the Secrets.'),
      }),
    ),
    patroni: object('Settings of the cluster management.', {
      initdb: stringMap('Options of initdb.'),
      pg_hba: stringList('Lines of pg_hba.conf.'),
      ttl: int32('Seconds that the leader lock lives.'),
      loop_wait: int32('Seconds between looks.'),
      retry_timeout: int32('Seconds to retry.'),
      maximum_lag_on_failover: field<number>({ type: 'number', description: 'Most bytes that a new primary may lack.' }),
      slots: map('Replication slots.', stringMap('Settings of the slot.')),
      synchronous_mode: boolean('Wait for a replica at commit.'),
      synchronous_mode_strict: boolean('Refuse writes without a replica.'),
      synchronous_node_count: int32('How many replicas to wait for.'),
      failsafe_mode: boolean('Keep the primary when the lock store is gone.'),
    }),
    enableLogicalBackup: boolean('Dump the databases at set times.'),
    logicalBackupSchedule: string('Times of the dumps, as five cron fields.', { pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' }),
    logicalBackupRetention: string('How long dumps are kept.'),
    clone: object(
      'Begin with the data of another cluster.',
      {
        cluster: string('Name of the other cluster.'),
        uid: string('UID of the other cluster.', { format: 'uuid' }),
        timestamp: string('Point in time, with a numeric offset.', {
          pattern: '^([0-9]+)-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(\\.[0-9]+)?(([+-]([01][0-9]|2[0-3]):[0-5][0-9]))$',
        }),
        s3_wal_path: string('Where its WAL is.'),
        s3_endpoint: string('Address of the object store.'),
        s3_access_key_id: string('Key id.'),
        s3_secret_access_key: string('Key.'),
        s3_force_path_style: boolean('Put the bucket into the path.'),
      },
      ['cluster'],
    ),
    standby: object('Follow a server elsewhere.', {
      s3_wal_path: string('WAL in S3.'),
      gs_wal_path: string('WAL in Google storage.'),
      standby_host: string('Host of the primary.'),
      standby_port: string('Port of the primary.'),
      standby_primary_slot_name: string('Slot at the primary.'),
    }, [], { anyOf: [{ required: ['s3_wal_path'] }, { required: ['gs_wal_path'] }, { required: ['standby_host'] }] }),
    tls: object(
      'Certificate of the server.',
      { secretName: string('Secret that holds it.'), certificateFile: string('Key of the certificate.'), privateKeyFile: string('Key of the private key.'), caFile: string('Key of the CA.'), caSecretName: string('Secret of the CA.') },
      ['secretName'],
    ),
    enableConnectionPooler: boolean('Put a connection pooler before the primary.'),
    enableReplicaConnectionPooler: boolean('Put a connection pooler before the replicas.'),
    connectionPooler: object('Settings of the pooler.', {
      numberOfInstances: int32('Poolers.', { minimum: 1 }),
      schema: string('Schema for its functions.'),
      user: string('Role that it uses.'),
      mode: oneOf('When a connection goes back.', ['session', 'transaction']),
      dockerImage: string('Image.'),
      maxDBConnections: int32('Connections to the server.'),
      resources: databaseResources,
    }),
    sidecars: list('Containers beside the server.', freeObject('A container.'), { nullable: true }),
    initContainers: list('Containers before the server.', freeObject('A container.'), { nullable: true }),
    maintenanceWindows: list('When disruptive work may be done, in UTC.', string('Day:HH:MM-HH:MM or HH:MM-HH:MM.', { pattern: WINDOW })),
    enableMasterLoadBalancer: boolean('Reach the primary through a load balancer.'),
    enableMasterPoolerLoadBalancer: boolean('Reach the pooler of the primary through a load balancer.'),
    enableReplicaLoadBalancer: boolean('Reach the replicas through a load balancer.'),
    enableReplicaPoolerLoadBalancer: boolean('Reach the pooler of the replicas through a load balancer.'),
    enableMasterNodePort: boolean('Reach the primary through a node port.'),
    enableMasterPoolerNodePort: boolean('Reach the pooler of the primary through a node port.'),
    enableReplicaNodePort: boolean('Reach the replicas through a node port.'),
    enableReplicaPoolerNodePort: boolean('Reach the pooler of the replicas through a node port.'),
    masterNodePort: int32('Node port of the primary.'),
    masterPoolerNodePort: int32('Node port of the pooler of the primary.'),
    replicaNodePort: int32('Node port of the replicas.'),
    replicaPoolerNodePort: int32('Node port of the pooler of the replicas.'),
    allowedSourceRanges: list('Who may connect through a load balancer.', string('A range.', { pattern: '^(\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])(\\.(\\d|[1-9]\\d|1\\d\\d|2[0-4]\\d|25[0-5])){3}/(\\d|[1-2]\\d|3[0-2])$' }), { nullable: true }),
    podAnnotations: stringMap('Annotations of the pods.'),
    serviceAnnotations: stringMap('Annotations of the Services.'),
    masterServiceAnnotations: stringMap('Annotations of the Service of the primary.'),
    replicaServiceAnnotations: stringMap('Annotations of the Service of the replicas.'),
    nodeAffinity: freeObject('On which nodes servers may run.'),
    tolerations: list('Taints that the pods bear.', freeObject('A toleration.')),
    topologySpreadConstraints: list('How servers are spread.', freeObject('A constraint.')),
    schedulerName: string('Scheduler of the pods.'),
    podPriorityClassName: string('Priority of the pods.'),
    spiloRunAsUser: int64('User id of the server.'),
    spiloRunAsGroup: int64('Group id of the server.'),
    spiloFSGroup: int64('Group that owns the volume.'),
    dockerImage: string('Image of the server.'),
    env: list('Environment variables.', freeObject('A variable.'), { nullable: true }),
    envFrom: list('Objects whose keys become variables.', freeObject('A source.'), { nullable: true }),
    enableShmVolume: boolean('Give the server shared memory without a limit.'),
    additionalVolumes: list('Further volumes of the pods.', freeObject('A volume.')),
    livenessProbe: freeObject('Probe of the server.'),
    usersWithSecretRotation: stringList('Users whose passwords rotate by new roles.', { nullable: true }),
    usersWithInPlaceSecretRotation: stringList('Users whose passwords rotate in place.', { nullable: true }),
    usersIgnoringSecretRotation: stringList('Users whose passwords do not rotate.', { nullable: true }),
    streams: list('Streams of changes.', freeObject('A stream.')),
  },
  ['numberOfInstances', 'teamId', 'postgresql', 'volume'],
);
export interface PostgresqlSpec extends Of<typeof postgresqlSpec> {}

const postgresqlStatus = object('What is known of the database.', {
  PostgresClusterStatus: string('Creating, Updating, Running, CreateFailed, UpdateFailed, SyncFailed or Invalid.'),
  observedGeneration: int64('The generation that the status is about.'),
  conditions,
  readyInstances: int32('Servers that accept SQL.'),
  primary: string('Pod of the primary.'),
  endpoint: string('Host and port that lead to the primary.'),
  message: string('What went wrong, for people.'),
  lastSyncTime: time('When the cluster was last looked at.'),
  capacity: quantityMap('Storage of each server.'),
});
export interface PostgresqlStatus extends Of<typeof postgresqlStatus> {}

export const postgresqls = customKind({
  ...acidGroup,
  kind: 'postgresql',
  listKind: 'postgresqlList',
  plural: 'postgresqls',
  namespaced: true,
  description: 'A PostgreSQL cluster: a primary and its replicas, with roles, databases and backups.',
  fields: { spec: postgresqlSpec, status: postgresqlStatus },
  required: ['spec'],
  shortNames: ['pg'],
  categories: ['all'],
  subresources: { status: true },
  columns: [
    { name: 'Team', type: 'string', description: 'Team that owns the database.', jsonPath: '.spec.teamId' },
    { name: 'Version', type: 'string', description: 'Major version of PostgreSQL.', jsonPath: '.spec.postgresql.version' },
    { name: 'Pods', type: 'integer', description: 'Servers wanted.', jsonPath: '.spec.numberOfInstances' },
    { name: 'Volume', type: 'string', description: 'Storage of each server.', jsonPath: '.spec.volume.size' },
    { name: 'CPU-Request', type: 'string', description: 'Processor time.', jsonPath: '.spec.resources.requests.cpu' },
    { name: 'Memory-Request', type: 'string', description: 'Memory.', jsonPath: '.spec.resources.requests.memory' },
    age,
    { name: 'Status', type: 'string', description: 'State of the cluster.', jsonPath: '.status.PostgresClusterStatus' },
  ],
});
export interface Postgresql extends ObjectIn<typeof postgresqls> {}
