import { expect, it } from 'vitest';
import { missingTools, toolsIn } from './tools.ts';

it('says of each tool that the machine lacks how one comes by it', async () => {
  const messages = (await missingTools(['kubectl', 'jq', 'yq', 'sh'], ['/nowhere'], '/home/ann/.plinth/bin')).map(({ message }) => message);
  expect(messages).toEqual([
    'kubectl not found on this machine; install kubectl (https://kubernetes.io/docs/tasks/tools), or put it into /home/ann/.plinth/bin',
    'jq not found on this machine; install jq, or put it into /home/ann/.plinth/bin',
    'yq not found on this machine; install yq 4 (github.com/mikefarah/yq), or put it into /home/ann/.plinth/bin',
    'sh not found on this machine; install sh, or put it into /home/ann/.plinth/bin',
  ]);
});

it('finds the tools that a command installs', () => {
  expect(toolsIn('apk add --no-cache yq kubectl curl')).toEqual(['curl', 'kubectl', 'yq']);
});
