export * from './operator-configuration.ts';
export * from './postgres-team.ts';
export * from './postgresql.ts';
