import { request } from 'node:https';
import { works } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { silentLogger } from '@plinth/controller-runtime';
import { eventually, startControlPlane } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { platformManifests, startPlatform } from '../src/index.ts';
import { create, startWorld } from './world.ts';

const work: KubeObject = {
  apiVersion: 'platform.kratix.io/v1alpha1',
  kind: 'Work',
  metadata: { name: 'one', namespace: 'default' },
  spec: { promiseName: 'none', resourceName: 'one', workloadGroups: [{ id: 'a', directory: '.', workloads: [] }] },
} as KubeObject;

/** The sum over all series of a metric that carry the labels. */
function total(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('the metrics of the platform', () => {
  it('count reconciles by controller and requests by verb and kind', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(works, work);
    await eventually(async () => {
      const text = await world.metrics();
      expect(total(text, 'plinth_api_requests_total', { verb: 'create', resource: 'workplacements', code: '201' })).toBe(1);
      expect(total(text, 'plinth_api_requests_total', { verb: 'patch', resource: 'works', subresource: 'status', code: '200' })).toBeGreaterThan(0);
      expect(total(text, 'rest_client_requests_total', { method: 'POST', code: '201' })).toBeGreaterThan(0);
      expect(total(text, 'controller_runtime_reconcile_total', { controller: 'work', result: 'success' })).toBeGreaterThan(0);
      expect(total(text, 'controller_runtime_reconcile_time_seconds_count', { controller: 'work' })).toBe(total(text, 'controller_runtime_reconcile_total', { controller: 'work' }));
      expect(total(text, 'workqueue_adds_total', { name: 'work' })).toBe(total(text, 'controller_runtime_reconcile_total', { controller: 'work' }));
      expect(text).toContain('workqueue_depth{name="work",controller="work"} 0');
      expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="work"} 64');
    });
  });

  it('tell that a Work is reconciled no more often than it changes', async () => {
    await using world = await startWorld({});
    await world.plane.client.create(works, work);
    await eventually(async () => {
      const { status } = await world.plane.client.get<typeof work & { status?: { conditions?: { type: string; status: string }[] } }>(works, { namespace: 'default', name: 'one' });
      return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
    });
    const text = await world.metrics();
    // It came, its placement was written; and at most once more for what happened between the two.
    expect(total(text, 'controller_runtime_reconcile_total', { controller: 'work' })).toBeLessThanOrEqual(3);
    expect(total(text, 'plinth_api_requests_total', { resource: 'works' }) - total(text, 'plinth_api_requests_total', { resource: 'works', verb: 'list' })).toBeLessThanOrEqual(3);
  });

  it('are served by the API server over TLS, to those who may read them', async () => {
    await using plane = await startControlPlane({ listen: true });
    for (const manifest of platformManifests()) await create(plane, manifest);
    const ended = new AbortController();
    await using platform = startPlatform({ client: plane.client, signal: ended.signal, log: silentLogger });
    plane.server.setMetrics(platform.metrics);
    const admin = await plane.client.request({ method: 'GET', path: '/metrics' });
    expect(String(admin.body)).toContain('apiserver_request_total');
    expect(String(admin.body)).toContain('controller_runtime_max_concurrent_reconciles');
    expect((await plane.clientFor('nobody').request({ method: 'GET', path: '/metrics' })).status).toBe(403);
    const scraper = { name: 'prometheus', groups: ['system:monitoring', 'system:authenticated'] };
    expect((await plane.clientFor(scraper).request({ method: 'GET', path: '/metrics' })).status).toBe(200);
    expect(await anonymous(`${plane.url}/metrics`, plane.pki.caCert)).toBe(401);
    ended.abort();
  });
});

function anonymous(url: string, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { ca }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}
