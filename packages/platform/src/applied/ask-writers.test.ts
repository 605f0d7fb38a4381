import type { Destination } from '@plinth/api';
import type { Informer } from '@plinth/controller-runtime';
import type { StateStoreWriter } from '@plinth/state-store';
import { expect, it } from 'vitest';
import type { StateStores } from '../state-store/state-stores.ts';
import { createWriterQuestions } from './ask-writers.ts';

it('asks each writer once about the same states, and the one that takes its place again', () => {
  const asked: string[] = [];
  const writerOf = (name: string): StateStoreWriter =>
    ({ contains: () => undefined, identify: (revisions: readonly string[], prefix: string) => (asked.push(`${name}: ${prefix} ${revisions.join()}`), Promise.resolve(false)) }) as unknown as StateStoreWriter;
  let writer = writerOf('first');
  const destination = {
    metadata: { name: 'worker' },
    spec: { stateStoreRef: { kind: 'BucketStateStore', name: 'archive' } },
    status: { agent: { sources: [{ kind: 'Bucket', name: 'kratix', prefix: 'worker/', revision: 'sha256:d1' }], kustomizations: [{ name: 'resources', source: 'kratix', lastAppliedRevision: 'sha256:d1' }] } },
  } as unknown as Destination;
  using questions = createWriterQuestions({
    destinations: { subscribe: () => () => {}, get: () => destination } as unknown as Informer<Destination>,
    stateStores: { get: () => writer, suspect: () => {} } as unknown as StateStores,
    clock: { now: () => 0, setTimeout: () => () => {} },
    answered: () => {},
  });
  questions.remember('worker', 'point');
  questions.ask(destination);
  questions.ask(destination);
  expect(asked).toEqual(['first: worker/ d1']);
  // Its Secret was changed: the writer was opened anew.
  writer = writerOf('second');
  questions.ask(destination);
  questions.ask(destination);
  expect(asked).toEqual(['first: worker/ d1', 'second: worker/ d1']);
});
