import { defineStep } from '@plinth/sdk';

export default defineStep(() => {
  throw new Error('the step throws on purpose');
});
