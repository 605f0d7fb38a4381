/** RFC 3339 with seconds, as Kubernetes writes `metav1.Time`. */
export const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** RFC 3339 with microseconds, as Kubernetes writes `metav1.MicroTime`. */
export const microTimeOf = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '000Z');

/** Milliseconds of an RFC 3339 time, or `undefined` when there is none. */
export const msOf = (time: string | null | undefined): number | undefined => (time ? Date.parse(time) : undefined);
