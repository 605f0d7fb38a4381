import { clusterRoleBindings, clusterRoles, namespaces, pods, roleBindings, roles, secrets, serviceAccounts, tokenReviews } from '@plinth/api';
import type { KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import { runKubectl, startControlPlane, type ControlPlane } from '@plinth/testing';
import { describe, expect, test } from 'vitest';

const rbac = 'rbac.authorization.k8s.io';
const make = (kind: string, name: string, more: object, namespace?: string): UnstructuredObject => ({ apiVersion: `${rbac}/v1`, kind, metadata: { name, ...(namespace ? { namespace } : {}) }, ...more });
const role = (kind: 'Role' | 'ClusterRole', name: string, rules: readonly object[], namespace?: string) => make(kind, name, { rules }, namespace);
const bind = (name: string, roleRef: string, subject: object, namespace?: string) => {
  const [kind, roleName] = roleRef.split('/');
  return make(namespace ? 'RoleBinding' : 'ClusterRoleBinding', name, { roleRef: { apiGroup: rbac, kind, name: roleName }, subjects: [subject] }, namespace);
};
const ann = { kind: 'User', apiGroup: rbac, name: 'ann' };
const readPods = [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] }];
const outcome = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'ok', (error: Error) => error.message);

describe('RBAC', () => {
  test('a RoleBinding gives a role in its namespace alone, from the next request on, until it is taken away', async () => {
    await using plane = await startControlPlane();
    const client = plane.clientFor('ann');
    await plane.client.create(roles, role('Role', 'reader', readPods, 'default') as KubeObject);
    await plane.client.create(roleBindings, bind('readers', 'Role/reader', ann, 'default'));
    expect(await outcome(client.list(pods, { namespace: 'default' }))).toBe('ok');
    expect(await outcome(client.list(pods, { namespace: 'kube-system' }))).toBe('pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "kube-system"');
    expect(await outcome(client.list(pods))).toBe('pods is forbidden: User "ann" cannot list resource "pods" in API group "" at the cluster scope');
    expect(await outcome(client.delete(pods, { namespace: 'default', name: 'x' }))).toBe('pods "x" is forbidden: User "ann" cannot delete resource "pods" in API group "" in the namespace "default"');
    await plane.client.delete(roleBindings, { namespace: 'default', name: 'readers' });
    expect(await outcome(client.list(pods, { namespace: 'default' }))).toContain('is forbidden');
  });

  test('groups and service accounts get what their bindings say', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(clusterRoleBindings, bind('team', 'ClusterRole/view', { kind: 'Group', apiGroup: rbac, name: 'team' }));
    await plane.client.create(roleBindings, bind('bot', 'ClusterRole/edit', { kind: 'ServiceAccount', namespace: 'kube-system', name: 'bot' }, 'default'));
    const member = plane.clientFor({ name: 'bob', groups: ['team', 'system:authenticated'] });
    expect(await outcome(member.list(pods))).toBe('ok');
    expect(await outcome(member.list(secrets))).toContain('secrets is forbidden: User "bob"');
    const bot = plane.clientFor({ name: 'system:serviceaccount:kube-system:bot', groups: ['system:serviceaccounts'] });
    expect(await outcome(bot.list(secrets, { namespace: 'default' }))).toBe('ok');
    expect(await outcome(bot.list(secrets, { namespace: 'kube-system' }))).toContain('is forbidden');
  });

  test('an aggregated role has the rules of every role with its label', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(clusterRoleBindings, bind('ann', 'ClusterRole/view', ann));
    const client = plane.clientFor('ann');
    expect(await outcome(client.list(secrets))).toContain('is forbidden');
    const more = role('ClusterRole', 'secret-viewer', [{ verbs: ['list'], apiGroups: [''], resources: ['secrets'] }]);
    await plane.client.create(clusterRoles, { ...more, metadata: { ...more.metadata, labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } } });
    expect(await outcome(client.list(secrets))).toBe('ok');
  });

  test('nobody writes or binds a role with rights that he does not have', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(roleBindings, bind('ann', 'ClusterRole/admin', ann, 'default'));
    const client = plane.clientFor('ann');
    expect(await outcome(client.create(roles, role('Role', 'reader', readPods, 'default') as KubeObject))).toBe('ok');
    expect(await outcome(client.create(roles, role('Role', 'root', [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], 'default') as KubeObject))).toBe(
      'roles.rbac.authorization.k8s.io "root" is forbidden: user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
    );
    expect(await outcome(client.create(roleBindings, bind('up', 'ClusterRole/cluster-admin', ann, 'default')))).toContain('is attempting to grant RBAC permissions not currently held');
    expect(await outcome(client.create(roleBindings, bind('view', 'ClusterRole/view', { ...ann, name: 'bob' }, 'default')))).toBe('ok');
  });

  test('the role of a binding cannot be exchanged', async () => {
    await using plane = await startControlPlane();
    await plane.client.create(roleBindings, bind('b', 'ClusterRole/view', ann, 'default'));
    const patch = { roleRef: { name: 'edit' } };
    expect(await outcome(plane.client.patch(roleBindings, { namespace: 'default', name: 'b' }, 'merge', patch))).toContain('cannot change roleRef');
  });

  test('what somebody took from a role that every cluster has comes back at the next start, unless it is told not to', async () => {
    await using plane = await startControlPlane();
    await plane.client.patch(clusterRoles, { name: 'view' }, 'merge', { rules: [] });
    await plane.client.patch(clusterRoles, { name: 'edit' }, 'merge', { rules: [], metadata: { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } } });
    const { openAuth } = await import('../src/index.ts');
    using _ = await openAuth({ store: plane.store, serviceAccountKey: plane.pki.serviceAccountKey });
    expect((await plane.client.get(clusterRoles, { name: 'view' }))['rules']).not.toEqual([]);
    expect((await plane.client.get(clusterRoles, { name: 'edit' }))['rules']).toEqual([]);
  });
});

describe('nodes', () => {
  const node = { name: 'system:node:worker', groups: ['system:nodes', 'system:authenticated'] };

  async function withPod(plane: ControlPlane): Promise<void> {
    const container = { name: 'c', image: 'i', env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'mine', key: 'k' } } }] };
    for (const name of ['mine', 'other']) await plane.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name } });
    await plane.client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name: 'here' }, spec: { nodeName: 'worker', containers: [container] } } as KubeObject);
    await plane.client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name: 'there' }, spec: { nodeName: 'elsewhere', containers: [container] } } as KubeObject);
  }

  test('a node reads the secrets that its pods name and no others', async () => {
    await using plane = await startControlPlane();
    await withPod(plane);
    const client = plane.clientFor(node);
    expect(await outcome(client.get(secrets, { namespace: 'default', name: 'mine' }))).toBe('ok');
    expect(await outcome(client.get(secrets, { namespace: 'default', name: 'other' }))).toBe('secrets "other" is forbidden: User "system:node:worker" cannot get resource "secrets" in API group "" in the namespace "default"');
    expect(await outcome(client.list(secrets, { namespace: 'default' }))).toContain('is forbidden');
    await plane.client.delete(pods, { namespace: 'default', name: 'here' }, { gracePeriodSeconds: 0 });
    expect(await outcome(client.get(secrets, { namespace: 'default', name: 'mine' }))).toContain('is forbidden');
  });

  test('a node writes the status of its own pods and no others', async () => {
    await using plane = await startControlPlane();
    await withPod(plane);
    const client = plane.clientFor(node);
    const running = { status: { phase: 'Running' } };
    expect(await outcome(client.patch(pods, { namespace: 'default', name: 'here' }, 'merge', running, { subresource: 'status' }))).toBe('ok');
    expect(await outcome(client.patch(pods, { namespace: 'default', name: 'there' }, 'merge', running, { subresource: 'status' }))).toContain('is forbidden');
    expect(await outcome(client.patch(pods, { namespace: 'default', name: 'here' }, 'merge', { metadata: { labels: { a: 'b' } } }))).toContain('is forbidden');
  });
});

describe('credentials', () => {
  test('absent and unknown ones get 401, and health and version are open to all', async () => {
    await using plane = await startControlPlane({ listen: true });
    for (const token of [undefined, 'guessed']) {
      const client = plane.connect(token === undefined ? {} : { token });
      await expect(client.list(namespaces)).rejects.toMatchObject({ status: { code: 401, reason: 'Unauthorized', message: 'Unauthorized' } });
      for (const path of ['/livez', '/readyz', '/version']) expect([path, (await client.request({ method: 'GET', path })).status]).toEqual([path, 200]);
    }
  });

  test('a certificate of another authority counts as none', async () => {
    await using plane = await startControlPlane({ listen: true });
    await using other = await startControlPlane();
    const { cert, key } = await other.pki.client({ user: 'admin', groups: ['system:masters'] });
    await expect(plane.connect({ clientCert: cert, clientKey: key }).list(namespaces)).rejects.toMatchObject({ status: { code: 401 } });
  });
});

describe('service-account tokens', () => {
  const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name }, spec: { serviceAccountName: 'bot', nodeName: 'worker', containers: [{ name: 'c', image: 'i' }] } }) as KubeObject;
  async function withBot(): Promise<ControlPlane> {
    const plane = await startControlPlane({ listen: true });
    await plane.client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'default', name: 'bot' } });
    await plane.client.create(roleBindings, bind('bot', 'ClusterRole/view', { kind: 'ServiceAccount', namespace: 'default', name: 'bot' }, 'default'));
    return plane;
  }
  const request = (spec: object) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: { namespace: 'default', name: 'bot' }, spec }) as UnstructuredObject;
  const tokenOf = (answer: UnstructuredObject): string => (answer['status'] as { readonly token: string }).token;

  test('kubectl makes one, and it opens what the ServiceAccount may see until the ServiceAccount is gone', async () => {
    await using plane = await withBot();
    const { stdout } = await runKubectl(['create', 'token', 'bot', '--duration=1h'], { kubeconfig: await plane.kubeconfig() });
    const client = plane.connect({ token: stdout.trim() });
    expect(await outcome(client.list(pods, { namespace: 'default' }))).toBe('ok');
    expect(await outcome(client.list(secrets, { namespace: 'default' }))).toBe('secrets is forbidden: User "system:serviceaccount:default:bot" cannot list resource "secrets" in API group "" in the namespace "default"');
    await plane.client.delete(serviceAccounts, { namespace: 'default', name: 'bot' });
    expect(await outcome(client.list(pods, { namespace: 'default' }))).toBe('Unauthorized');
  });

  test('one that is bound to a pod ends with the pod', async () => {
    await using plane = await withBot();
    const { metadata } = await plane.client.create(pods, pod('web'));
    const answer = await plane.client.create(serviceAccounts, request({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: metadata.uid } }), { subresource: 'token' });
    const client = plane.connect({ token: tokenOf(answer) });
    expect(await outcome(client.list(pods, { namespace: 'default' }))).toBe('ok');
    await plane.client.delete(pods, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
    expect(await outcome(client.list(pods, { namespace: 'default' }))).toBe('Unauthorized');
  });

  test('a node gets one only for a pod that it runs', async () => {
    await using plane = await withBot();
    const { metadata } = await plane.client.create(pods, pod('web'));
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: metadata.uid };
    const ask = (name: string, spec: object) => outcome(plane.clientFor({ name, groups: ['system:nodes'] }).create(serviceAccounts, request(spec), { subresource: 'token' }));
    expect(await ask('system:node:worker', { boundObjectRef })).toBe('ok');
    expect(await ask('system:node:worker', {})).toBe('serviceaccounts "bot" is forbidden: node requested token not bound to a pod');
    expect(await ask('system:node:other', { boundObjectRef })).toBe('serviceaccounts "bot" is forbidden: User "system:node:other" cannot create resource "serviceaccounts/token" in API group "" in the namespace "default"');
  });

  test('a TokenReview says who one belongs to, and whom it is for', async () => {
    await using plane = await withBot();
    const token = tokenOf(await plane.client.create(serviceAccounts, request({ audiences: ['vault'] }), { subresource: 'token' }));
    const review = async (spec: object) => (await plane.client.create(tokenReviews, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: { name: '' }, spec } as KubeObject)) as UnstructuredObject;
    expect((await review({ token, audiences: ['vault'] }))['status']).toMatchObject({ authenticated: true, audiences: ['vault'], user: { username: 'system:serviceaccount:default:bot' } });
    expect((await review({ token }))['status']).toMatchObject({ authenticated: false });
    expect((await review({ token: 'guessed' }))['status']).toMatchObject({ authenticated: false });
  });
});

describe('kubectl', () => {
  test.each(['1.32', '1.35'] as const)('%s asks who one is and what one may do', async (version) => {
    await using plane = await startControlPlane({ listen: true });
    await plane.client.create(roles, role('Role', 'reader', readPods, 'default') as KubeObject);
    await plane.client.create(roleBindings, bind('readers', 'Role/reader', ann, 'default'));
    const kubeconfig = await plane.kubeconfig({ name: 'ann', groups: ['developers'] });
    const run = (...args: string[]) => runKubectl(args, { kubeconfig, version });
    expect((await run('auth', 'can-i', 'list', 'pods')).stdout).toBe('yes\n');
    expect(await run('auth', 'can-i', 'delete', 'pods')).toMatchObject({ stdout: 'no\n', exitCode: 1 });
    expect((await run('auth', 'can-i', 'get', '/version')).stdout).toBe('yes\n');
    const { stdout: list } = await run('auth', 'can-i', '--list');
    expect(list.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))).toContain('pods [] [] [get list watch]');
    expect((await run('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}')).stdout).toBe('ann ["developers","system:authenticated"]');
    expect((await run('get', 'secrets')).stderr).toContain('Error from server (Forbidden): secrets is forbidden: User "ann" cannot list resource "secrets" in API group "" in the namespace "default"');
  });

  test('acts as somebody else only when it may', async () => {
    await using plane = await startControlPlane({ listen: true });
    const asAdmin = await plane.kubeconfig();
    expect((await runKubectl(['auth', 'whoami', '--as', 'ann', '-o', 'jsonpath={.status.userInfo.username}'], { kubeconfig: asAdmin })).stdout).toBe('ann');
    const { cert, key } = await plane.pki.client({ user: 'ann', groups: [] });
    const { status, body } = await plane.connect({ clientCert: cert, clientKey: key }).request({ method: 'GET', path: '/api/v1/pods', headers: { 'impersonate-user': 'admin' } });
    expect(status).toBe(403);
    expect((body as { readonly message: string }).message).toBe('users "admin" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the cluster scope');
  });
});
