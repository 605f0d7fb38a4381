import { pods, type Pod } from '@plinth/api';
import type { Container } from '../objects/types.ts';
import type { NodeContext } from './node-context.ts';

/** Tells of a pod in events. */
export interface PodNotes {
  /** With a container: about this one. */
  note(type: 'Normal' | 'Warning', reason: string, message: string, container?: Container): void;
  /** A pipeline has many short containers, and each event is an object in the store: those of a moment share one. */
  noteStart(container: string): void;
  /** Drops what has not been told yet. */
  close(): void;
}

export function createPodNotes(pod: () => Pod, { clock, events }: Pick<NodeContext, 'clock' | 'events'>): PodNotes {
  const justStarted: string[] = [];
  let cancelStarts = (): void => {};
  const note: PodNotes['note'] = (type, reason, message, container) => {
    const part = container && ((pod().spec?.initContainers ?? []).includes(container) ? 'initContainers' : 'containers');
    events.record(pods, pod(), { type, reason, message, ...(container ? { fieldPath: `spec.${part}{${container.name}}` } : {}) });
  };
  return {
    note,
    noteStart: (name) => {
      if (justStarted.push(name) > 1) return;
      cancelStarts = clock.setTimeout(() => note('Normal', 'Started', `Container${justStarted.length > 1 ? 's' : ''} started: ${justStarted.splice(0).join(', ')}`), START_EVENT_MS);
    },
    close: () => cancelStarts(),
  };
}

/** How long a start waits for others of its pod before it is told, in ms. */
const START_EVENT_MS = 250;
