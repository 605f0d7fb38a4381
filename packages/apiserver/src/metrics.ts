import { processSamples } from './process-metrics.ts';

/** Counts what the server does, in the words of Kubernetes' own metrics, for `/metrics`. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, { count: number; seconds: number }>();
  inFlight = 0;
  watches = 0;

  /** One answered request. Watches count when they end, without their duration. */
  count(verb: string, group: string, resource: string, code: number, seconds: number | undefined): void {
    const labels = `group=${JSON.stringify(group)},resource=${JSON.stringify(resource)},verb=${JSON.stringify(verb)}`;
    const id = `code="${code}",${labels}`;
    this.#requests.set(id, (this.#requests.get(id) ?? 0) + 1);
    if (seconds === undefined) return;
    const duration = this.#durations.get(labels) ?? { count: 0, seconds: 0 };
    duration.count += 1;
    duration.seconds += seconds;
    this.#durations.set(labels, duration);
  }

  /** The Prometheus text format. */
  render(revision: number): string {
    const lines = [
      '# HELP apiserver_request_total Requests by what they asked for and how they ended.',
      '# TYPE apiserver_request_total counter',
      ...[...this.#requests].map(([labels, count]) => `apiserver_request_total{${labels}} ${count}`),
      '# HELP apiserver_request_duration_seconds Time from request to answer, watches left out.',
      '# TYPE apiserver_request_duration_seconds summary',
      ...[...this.#durations].flatMap(([labels, { count, seconds }]) => [
        `apiserver_request_duration_seconds_sum{${labels}} ${seconds.toFixed(6)}`,
        `apiserver_request_duration_seconds_count{${labels}} ${count}`,
      ]),
      ...gauge('apiserver_current_inflight_requests', 'Requests at work, watches left out.', this.inFlight),
      ...gauge('apiserver_registered_watchers', 'Open watches.', this.watches),
      ...gauge('plinth_store_revision', 'Revision of the object store.', revision),
      ...processSamples().flatMap(({ name, help, type, value, labels }) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name}${labels ? `{${labels}}` : ''} ${value}`]),
    ];
    return `${lines.join('\n')}\n`;
  }
}

const gauge = (name: string, help: string, value: number): readonly string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`];
