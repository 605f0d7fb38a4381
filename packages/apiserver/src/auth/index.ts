/** Who somebody is and what he may do. Kept inside: the index of roles, the format of tokens. */
export { openAuth, type Auth, type AuthOptions, type AuthQueries } from './open-auth.ts';
export type { StaticToken } from './authenticate.ts';
export { reviewStrategies } from './reviews/review-strategies.ts';
export { apiAudience } from './tokens/service-account-tokens.ts';
