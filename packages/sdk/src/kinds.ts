/**
 * Kinds that steps and Promises write, for their types and their CRDs. A door of its own, because declarations take a
 * while to load and a step needs only the types: `import type { Postgresql } from '@plinth/sdk/kinds'`.
 */
export { crdOf, operatorConfigurations, postgresqls, postgresTeams } from '@plinth/api';
export type { Postgresql } from '@plinth/api';
export { checkStructural, validateSchema, applyDefaults } from '@plinth/apimachinery';
