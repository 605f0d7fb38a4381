import { age } from '../schema/age.ts';

const ready = { name: 'Ready', type: 'string', description: 'Whether the last run succeeded.', jsonPath: '.status.conditions[?(@.type=="Ready")].status' } as const;
const status = { name: 'Status', type: 'string', description: 'What the condition Ready says.', jsonPath: '.status.conditions[?(@.type=="Ready")].message' } as const;

/** AGE, READY and STATUS, which all kinds of Flux show last. */
export const fluxColumns = [age, ready, status] as const;

/** A Go duration of hours, minutes, seconds and milliseconds. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$';
