import { defineStep } from '@plinth/sdk';

/** Not even the event loop turns. */
export default defineStep(() => {
  for (;;);
});
