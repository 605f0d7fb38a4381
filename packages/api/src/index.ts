/**
 * Every kind, declared once. From a declaration come its static type (`Pod`), its descriptor (`pods`: names, scope,
 * columns, schema) and, for kinds that are not built in, its CRD (`crdOf(promises)`).
 */
export * from './schema/index.ts';
export * from './core/index.ts';
export * from './apps/index.ts';
export * from './batch/index.ts';
export * from './rbac/index.ts';
export * from './apiextensions/index.ts';
export * from './coordination/index.ts';
export * from './events/index.ts';
export * from './policy/index.ts';
export * from './autoscaling/index.ts';
export * from './discovery/index.ts';
export * from './networking/index.ts';
export * from './storage/index.ts';
export * from './authentication/index.ts';
export * from './authorization/index.ts';
export * from './platform/index.ts';
export * from './flux/index.ts';
export * from './acid/index.ts';
export * from './kinds.ts';
