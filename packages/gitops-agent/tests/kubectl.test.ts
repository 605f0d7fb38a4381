import { runKubectl } from '@plinth/testing';
import { expect, it } from 'vitest';
import { configMap, world } from './world.ts';

it('shows sources and Kustomizations to stock kubectl as Flux does', async () => {
  await using w = await world({ listen: true });
  const commit = await w.push({ 'a.yaml': configMap('a', {}) });
  await w.startAgent();
  await w.createSource();
  await w.createUnit('apps');
  await w.settled('apps', commit);
  const kubeconfig = await w.plane.kubeconfig();
  const kubectl = async (...args: string[]): Promise<string> => (await runKubectl(args, { kubeconfig })).stdout;
  await kubectl('wait', '--for=condition=Ready', '-n', 'flux-system', 'gitrepo/kratix', 'ks/apps', '--timeout=10s');
  const [header, row] = (await kubectl('get', 'kustomizations', '-A')).trim().split('\n');
  expect(header?.split(/\s+/)).toEqual(['NAMESPACE', 'NAME', 'AGE', 'READY', 'STATUS']);
  expect(row).toMatch(new RegExp(`^flux-system +apps +\\d+s +True +Applied revision: main@sha1:${commit}$`));
  expect((await kubectl('get', 'gitrepo', '-n', 'flux-system')).split('\n')[0]?.split(/\s+/)).toEqual(['NAME', 'URL', 'AGE', 'READY', 'STATUS']);
  expect(await kubectl('explain', 'kustomization.spec.prune')).toContain('Delete objects that left the source.');
});
