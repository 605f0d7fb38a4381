export * from './git-repository.ts';
export * from './kustomization.ts';
