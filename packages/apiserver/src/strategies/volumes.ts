import type { Strategy } from '../registry/strategy.ts';

/** Claims and volumes begin as Pending; a controller binds them. */
export const claimStrategy: Partial<Strategy> = {
  prepare: (draft, old) => {
    if (!old) draft['status'] = { phase: 'Pending' };
  },
};
