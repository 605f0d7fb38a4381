export { microTimeText as microTimeOf, timeText as timeOf } from '@plinth/apimachinery';

/** Milliseconds of an RFC 3339 time, or `undefined` when there is none. */
export const msOf = (time: string | null | undefined): number | undefined => (time ? Date.parse(time) : undefined);
