import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { explainObject } from './explain-object.ts';

const AT = '2026-11-22T21:04:05Z';
const condition = (type: string, status: string, reason: string, message: string) => ({ type, status, reason, message, lastTransitionTime: AT });
const object = (kind: string, status: object): KubeObject => ({ apiVersion: 'platform.kratix.io/v1alpha1', kind, metadata: { name: 'one' }, spec: {}, status }) as KubeObject;

describe(explainObject, () => {
  it.each([
    ['GitStateStore', { conditions: [condition('Ready', 'True', 'StateStoreReady', 'State store is ready')] }, true, 'GitStateStore one is ready'],
    ['GitStateStore', {}, false, 'GitStateStore one was not looked at yet'],
    ['PromiseRelease', { conditions: [condition('Installed', 'False', 'FailedToFetchPromise', 'the server answered 404')] }, false, 'PromiseRelease one is not ready: the server answered 404; see kubectl describe promiserelease/one'],
    ['Destination', { conditions: [condition('Ready', 'True', 'DestinationReady', 'Destination is ready')] }, true, 'Destination one is ready'],
    [
      'Destination',
      { conditions: [condition('Ready', 'True', 'DestinationReady', 'Destination is ready')], agent: { reportedAt: AT, sources: [{ kind: 'GitRepository', name: 'kratix', ready: 'False', message: 'no route to host' }] } },
      false,
      'the agent of Destination one cannot fetch from the state store (GitRepository kratix): no route to host; see whether the server runs and the address and credentials are right',
    ],
    [
      'Destination',
      { conditions: [condition('Ready', 'True', 'DestinationReady', 'Destination is ready')], agent: { reportedAt: AT, unhealthy: [{ kind: 'Deployment', namespace: 'default', name: 'web', reason: 'CrashLoopBackOff', message: 'exit code 3' }] } },
      false,
      'Deployment default/web does not work: CrashLoopBackOff: exit code 3; see its pods on the destination',
    ],
  ])('says of a %s with %j: %s', (kind, status, isReady, sentence) => {
    expect(explainObject(object(kind, status))).toMatchObject({ isReady, sentence });
  });

  it('says that a destination is silent', () => {
    const silent = explainObject(object('Destination', { conditions: [condition('Ready', 'True', 'DestinationReady', '')], agent: { reportedAt: AT } }), { silentSince: AT });
    expect(silent).toMatchObject({ isReady: false, sentence: `no report from Destination one since ${AT}; see whether its cluster and its agent run` });
  });
});
