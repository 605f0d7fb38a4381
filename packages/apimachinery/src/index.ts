/** Kubernetes' language as pure values. No I/O and no clock: everything here runs in a browser too. */
export * from './object.ts';
export * from './group-version.ts';
export * from './status.ts';
export * from './watch-event.ts';
