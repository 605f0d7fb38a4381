import { defineStep } from '@plinth/sdk';

export default defineStep(({ output }) => {
  output('broken.yaml', 'kind: [unclosed\n  - nonsense: {');
});
