import type { Schema } from '@plinth/apimachinery';

/** A structural schema with Kubernetes' extensions, as plain JSON: the form in which a declaration leaves this room. */
export type JsonSchema = Schema;
