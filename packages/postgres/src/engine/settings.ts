/** Where a server listens; the same for all of its life. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * For many small servers on one machine: little shared memory, no helper processes that a small database does not need,
 * and no compromise on durability (`fsync`, `full_page_writes` and `synchronous_commit` keep PostgreSQL's defaults).
 * The request's own parameters win over these.
 */
export function defaultParameters(major: number): Readonly<Record<string, string>> {
  return {
    max_connections: '100',
    shared_buffers: '16MB',
    huge_pages: 'off',
    jit: 'off',
    wal_level: 'replica',
    max_wal_senders: '10',
    max_replication_slots: '10',
    max_logical_replication_workers: '0',
    hot_standby: 'on',
    // A replica that lost its leader tries again at once rather than every 5 s.
    wal_retrieve_retry_interval: '200ms',
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    wal_keep_size: '64MB',
    password_encryption: 'scram-sha-256',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
    log_timezone: 'UTC',
    timezone: 'UTC',
    // Three worker processes per server otherwise (new in 18).
    // After a crash, one sync of the file system instead of a thousand of files.
    ...(major >= 14 && process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
    ...(major >= 18 ? { io_method: 'sync' } : {}),
  };
}

/** Who listens where, what is logged where and where the data lies is Plinth's business; a request cannot change it. */
const ours = new Set([
  'listen_addresses', 'port', 'unix_socket_directories', 'data_directory', 'config_file', 'hba_file', 'ident_file',
  'external_pid_file', 'logging_collector', 'log_destination', 'cluster_name', 'primary_conninfo', 'ssl', 'ssl_cert_file', 'ssl_key_file',
]);

export interface SettledParameters {
  readonly parameters: Readonly<Record<string, string>>;
  /** Asked for and left out, with the reason: for the container's log. */
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
}

/** Defaults under the request's parameters. Names are compared in lower case, as PostgreSQL does. */
export function settleParameters(major: number, wanted: Readonly<Record<string, string>>): SettledParameters {
  const parameters: Record<string, string> = { ...defaultParameters(major) };
  const ignored: { name: string; reason: string }[] = [];
  for (const [given, value] of Object.entries(wanted)) {
    const name = given.toLowerCase();
    if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_$]*)?$/.test(name)) ignored.push({ name: given, reason: 'this is no name of a parameter' });
    else if (ours.has(name)) ignored.push({ name, reason: 'the platform sets it' });
    else if (/[\n\r\0]/.test(value) || value.length > 4096) ignored.push({ name, reason: 'its value is longer than a line of postgresql.conf may be' });
    else parameters[name] = value;
  }
  return { parameters, ignored };
}

/** `postgresql.conf`. `ALTER SYSTEM` (postgresql.auto.conf) still wins over it, as everywhere. */
export function renderConfiguration(parameters: Readonly<Record<string, string>>): string {
  const lines = Object.entries(parameters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
  return `# Written by Plinth at every start. Change spec.postgresql.parameters instead.\n${lines.join('\n')}\n`;
}

/**
 * `pg_hba.conf`: a password for everybody from everywhere, and only the standby user may replicate. No trust, no peer.
 * `all` in the database column does not cover replication.
 */
export function renderAccessRules(standbyUser: string): string {
  return [
    '# Written by Plinth at every start.',
    `host replication "${standbyUser.replaceAll('"', '""')}" all scram-sha-256`,
    'host all all all scram-sha-256',
    '',
  ].join('\n');
}

/** Arguments, because nothing (not even `ALTER SYSTEM`) wins over them. */
export function serverArguments(dataDir: string, listen: ListenAddress): readonly string[] {
  const fixed = {
    listen_addresses: listen.host,
    port: String(listen.port),
    unix_socket_directories: '',
    logging_collector: 'off',
    log_destination: 'stderr',
  };
  return ['-D', dataDir, ...Object.entries(fixed).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
