export * from './rbac.ts';
