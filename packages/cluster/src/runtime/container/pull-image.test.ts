import { describe, expect, it } from 'vitest';
import { pullPolicy, registryCredentials, registryOf } from './pull-image.ts';

describe(pullPolicy, () => {
  it.each([
    ['x', undefined, 'Always'],
    ['x:latest', undefined, 'Always'],
    ['localhost:5000/x', undefined, 'Always'],
    ['x:v1', undefined, 'IfNotPresent'],
    ['x@sha256:0123', undefined, 'IfNotPresent'],
    ['x:latest', 'Never', 'Never'],
  ] as const)('of %s with %s is %s', (image, policy, expected) => expect(pullPolicy(image, policy)).toBe(expected));
});

describe(registryCredentials, () => {
  it('reads both kinds of Secret, and takes the first login for a registry', () => {
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
    const auth = Buffer.from('ann:p:w').toString('base64');
    const found = registryCredentials([
      { data: { '.dockerconfigjson': encode({ auths: { 'https://index.docker.io/v1/': { auth }, 'ghcr.io': { username: 'bob', password: 'x' } } }) } },
      { data: { '.dockercfg': encode({ 'ghcr.io': { username: 'eve', password: 'y' } }) } },
      { data: { '.dockerconfigjson': 'bm9uc2Vuc2U=' } },
      {},
    ]);
    expect([...found]).toEqual([['docker.io', { username: 'ann', password: 'p:w' }], ['ghcr.io', { username: 'bob', password: 'x' }]]);
    expect(['alpine', 'acme/x:v1', 'ghcr.io/acme/x', 'localhost/x'].map(registryOf)).toEqual(['docker.io', 'docker.io', 'ghcr.io', 'localhost']);
  });
});
