import { badRequest, isJsonObject } from '@plinth/apimachinery';

import type { Strategy } from '../../registry/strategy.ts';
import { reviews } from './reviews.ts';

/** The strategies of the kinds that are questions about rights and identities, by `GROUP/PLURAL`. */
export const reviewStrategies: Readonly<Record<string, Pick<Strategy, 'review'>>> = Object.fromEntries(
  Object.entries(reviews).map(([id, review]) => [
    id,
    {
      review: async (core, served, namespace, body, { user }) => {
        if (!isJsonObject(body)) throw badRequest('the body of the request is not an object');
        const metadata = { name: '', ...(isJsonObject(body['metadata']) ? body['metadata'] : {}) };
        const question = { ...body, apiVersion: served.apiVersion, kind: served.kind.kind, metadata };
        return review(question, { user, authorizer: core.authorizer, queries: core.authQueries, namespace });
      },
    } satisfies Pick<Strategy, 'review'>,
  ]),
);
