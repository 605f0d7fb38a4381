import { readdirSync, readFileSync } from 'node:fs';

/** A number at one moment, in the words of Prometheus. */
export interface Sample {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly value: number;
  readonly labels?: string;
}

/**
 * What there is to say of the process: `process_*` with the names and meanings that all Prometheus clients share
 * (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics), and `nodejs_*` as prom-client has them. What
 * the system does not tell is left out: descriptors and virtual memory are read on Linux alone.
 */
export function processSamples(): readonly Sample[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return [
    { name: 'process_cpu_seconds_total', help: 'Time of the processors spent, in seconds.', type: 'counter', value: (user + system) / 1e6 },
    { name: 'process_start_time_seconds', help: 'When the process started, in seconds since 1970.', type: 'gauge', value: Math.round(performance.timeOrigin) / 1000 },
    { name: 'process_resident_memory_bytes', help: 'Memory of the process.', type: 'gauge', value: rss },
    ...linuxSamples(),
    { name: 'nodejs_heap_size_used_bytes', help: 'Memory that objects take.', type: 'gauge', value: heapUsed },
    { name: 'nodejs_heap_size_total_bytes', help: 'Memory for objects.', type: 'gauge', value: heapTotal },
    { name: 'nodejs_external_memory_bytes', help: 'Memory of buffers and libraries.', type: 'gauge', value: external },
    { name: 'nodejs_version_info', help: 'The version of Node.js.', type: 'gauge', value: 1, labels: `version="${process.version}"` },
  ];
}

function linuxSamples(): readonly Sample[] {
  try {
    // The second field is the name in parentheses, which may hold anything; the virtual size is the 23rd.
    const virtual = Number(readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ')[20]);
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return [
      { name: 'process_virtual_memory_bytes', help: 'Virtual memory of the process.', type: 'gauge', value: virtual },
      { name: 'process_open_fds', help: 'Open file descriptors.', type: 'gauge', value: readdirSync('/proc/self/fd').length },
      ...(limit === undefined ? [] : [{ name: 'process_max_fds', help: 'The most file descriptors that may be open.', type: 'gauge', value: Number(limit) } as const]),
    ];
  } catch {
    return [];
  }
}
