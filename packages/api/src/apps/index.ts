export { formatSelector } from './columns.ts';
export * from './controller-revision.ts';
export * from './deployment.ts';
export * from './stateful-set.ts';
