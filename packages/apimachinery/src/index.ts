/** Kubernetes' language as pure values. No I/O and no clock: everything here runs in a browser too. */
export * from './object.ts';
export * from './group-version.ts';
export * from './status.ts';
export * from './watch-event.ts';
export * from './parse-error.ts';
export * from './field-error.ts';
export * from './json-value.ts';
export * from './deep-equal.ts';
export * from './names.ts';
export * from './labels.ts';
export * from './parse-selector.ts';
export * from './field-selector.ts';
export * from './quantity.ts';
export * from './resource-version.ts';
export * from './json-path.ts';
export * from './random-suffix.ts';
