export type { Artifact } from './artifact.ts';
export * from './bucket.ts';
export * from './git-repository.ts';
export * from './kustomization.ts';
