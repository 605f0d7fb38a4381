import { boolean, freeObject, int32, list, object, oneOf, string, stringList, stringMap, type Of } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { acidGroup } from './postgresql.ts';

const open = { 'x-kubernetes-preserve-unknown-fields': true } as const;
const duration = (description: string, value: string) => string(description, { default: value });

/** The values that this platform's operator reads are named; others are kept and not checked. */
const configuration = object(
  'Settings of the operator. They are read when it starts.',
  {
    docker_image: string('Image of the servers.', { default: 'ghcr.io/zalando/spilo-18:4.1-p2' }),
    workers: int32('How many clusters are worked on at once.', { minimum: 1, default: 8 }),
    resync_period: duration('How often every cluster is looked at.', '30m'),
    repair_period: duration('How often failed clusters are looked at.', '5m'),
    min_instances: int32('Fewest servers of a cluster; -1 for no limit.', { minimum: -1, default: -1 }),
    max_instances: int32('Most servers of a cluster; -1 for no limit.', { minimum: -1, default: -1 }),
    enable_crd_registration: boolean('Install the CRDs at the start.', { default: true }),
    enable_lazy_spilo_upgrade: boolean('Do not restart servers for a new image.', { default: false }),
    enable_pgversion_env_var: boolean('Tell the version by a variable.', { default: true }),
    enable_shm_volume: boolean('Give servers shared memory without a limit.', { default: true }),
    etcd_host: string('Store of the leader lock; empty for the Kubernetes API.', { default: '' }),
    kubernetes_use_configmaps: boolean('Keep the leader lock in ConfigMaps.', { default: false }),
    sidecar_docker_images: stringMap('Images beside every server.'),
    sidecars: list('Containers beside every server.', freeObject('A container.'), { nullable: true }),
    users: object('Roles of the system.', {
      super_username: string('Superuser.', { default: 'postgres' }),
      replication_username: string('Role of replicas.', { default: 'standby' }),
      additional_owner_roles: stringList('Roles that own databases, too.', { nullable: true }),
      enable_password_rotation: boolean('Change passwords at set times.', { default: false }),
      password_rotation_interval: int32('Days between changes.', { default: 90 }),
      password_rotation_user_retention: int32('Days that old roles are kept.', { default: 180 }),
    }, [], open),
    major_version_upgrade: object('Upgrades to a new major version.', {
      major_version_upgrade_mode: string('off, manual or full.', { default: 'manual' }),
      minimal_major_version: string('Oldest version that is left alone.', { default: '14' }),
      target_major_version: string('Version to go to.', { default: '18' }),
      major_version_upgrade_team_allow_list: stringList('Teams whose clusters are upgraded.'),
    }, [], open),
    kubernetes: object('Names and labels in the cluster.', {
      cluster_labels: stringMap('Labels of everything that belongs to a database.', { default: { application: 'spilo' } }),
      cluster_name_label: string('Label that holds the name of the cluster.', { default: 'cluster-name' }),
      pod_role_label: string('Label that holds the role of a pod.', { default: 'spilo-role' }),
      secret_name_template: string('Name of Secrets.', { default: '{username}.{cluster}.credentials.{tprkind}.{tprgroup}' }),
      pdb_name_format: string('Name of the disruption budget.', { default: 'postgres-{cluster}-pdb' }),
      enable_pod_disruption_budget: boolean('Make a disruption budget.', { default: true }),
      pod_service_account_name: string('ServiceAccount of the servers.', { default: 'postgres-pod' }),
      pod_management_policy: oneOf('Order in which servers start.', ['ordered_ready', 'parallel'], { default: 'ordered_ready' }),
      pod_terminate_grace_period: duration('Time to shut down.', '5m'),
      storage_resize_mode: oneOf('How storage grows.', ['ebs', 'mixed', 'pvc', 'off'], { default: 'pvc' }),
      watched_namespace: string('Namespace to watch; * for all.'),
      cluster_domain: string('Domain of the cluster.', { default: 'cluster.local' }),
      enable_cross_namespace_secret: boolean('Put Secrets in other namespaces.', { default: false }),
      enable_finalizers: boolean('Put a finalizer on every cluster.', { default: false }),
      enable_persistent_volume_claim_deletion: boolean('Delete claims with the cluster.', { default: true }),
      enable_secrets_deletion: boolean('Delete Secrets with the cluster.', { default: true }),
    }, [], open),
    postgres_pod_resources: object('Resources of servers that name none.', {
      default_cpu_request: string('Processor time needed.', { default: '100m' }),
      default_memory_request: string('Memory needed.', { default: '100Mi' }),
      default_cpu_limit: string('Most processor time.', { default: '1' }),
      default_memory_limit: string('Most memory.', { default: '500Mi' }),
      min_cpu_limit: string('Least limit of processor time.', { default: '250m' }),
      min_memory_limit: string('Least limit of memory.', { default: '250Mi' }),
    }, [], open),
    timeouts: object('How long to wait.', {
      resource_check_interval: duration('Between looks at an object.', '3s'),
      resource_check_timeout: duration('For an object.', '10m'),
      pod_label_wait_timeout: duration('For a role label.', '10m'),
      pod_deletion_wait_timeout: duration('For the end of a pod.', '10m'),
    }, [], open),
    logical_backup: object('Dumps.', {
      logical_backup_schedule: string('Times of the dumps.', { default: '30 00 * * *' }),
      logical_backup_job_prefix: string('Put before the name of the CronJob.', { default: 'logical-backup-' }),
      logical_backup_docker_image: string('Image that dumps.'),
      logical_backup_provider: string('Kind of the object store.', { default: 's3' }),
    }, [], open),
    connection_pooler: object('Defaults of poolers.', {}, [], open),
    load_balancer: object('Load balancers.', {}, [], open),
    aws_or_gcp: object('Settings of the cloud.', {}, [], open),
    teams_api: object('Where people of a team are looked up.', {}, [], open),
    logging_rest_api: object('HTTP interface of the operator.', {}, [], open),
    debug: object('Debugging.', {}, [], open),
    scalyr: object('Log shipping.', {}, [], open),
    patroni: object('Cluster management.', {}, [], open),
  },
  [],
  open,
);
export interface OperatorConfigurationData extends Of<typeof configuration> {}

export const operatorConfigurations = customKind({
  ...acidGroup,
  kind: 'OperatorConfiguration',
  plural: 'operatorconfigurations',
  namespaced: true,
  description: 'Settings of the Postgres operator.',
  fields: { configuration, status: stringMap('Not used.') },
  required: ['configuration'],
  shortNames: ['opconfig'],
  categories: ['all'],
  subresources: { status: true },
  columns: [
    { name: 'Image', type: 'string', description: 'Image of the servers.', jsonPath: '.configuration.docker_image' },
    { name: 'Cluster-Label', type: 'string', description: 'Label that holds the name of the cluster.', jsonPath: '.configuration.kubernetes.cluster_name_label' },
    { name: 'Service-Account', type: 'string', description: 'ServiceAccount of the servers.', jsonPath: '.configuration.kubernetes.pod_service_account_name' },
    { name: 'Min-Instances', type: 'integer', description: 'Fewest servers of a cluster.', jsonPath: '.configuration.min_instances' },
    age,
  ],
});
export interface OperatorConfiguration extends ObjectIn<typeof operatorConfigurations> {}
