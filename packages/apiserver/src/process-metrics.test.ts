import { describe, expect, it } from 'vitest';
import { Metrics } from './metrics.ts';
import { processSamples } from './process-metrics.ts';

describe(processSamples, () => {
  it('says what the process has used', () => {
    const value = (name: string): number => processSamples().find((sample) => sample.name === name)!.value;
    expect(Math.abs(Date.now() / 1000 - process.uptime() - value('process_start_time_seconds'))).toBeLessThan(1);
    expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(value('nodejs_heap_size_used_bytes') / 2);
  });

  it.skipIf(process.platform !== 'linux')('counts descriptors and virtual memory on Linux', () => {
    const samples = new Map(processSamples().map(({ name, value }) => [name, value]));
    expect(samples.get('process_open_fds')).toBeGreaterThan(2);
    expect(samples.get('process_max_fds')).toBeGreaterThanOrEqual(samples.get('process_open_fds')!);
    expect(samples.get('process_virtual_memory_bytes')).toBeGreaterThan(samples.get('process_resident_memory_bytes')!);
  });

  it('is a part of what the server shows', () => {
    expect(new Metrics().render(1)).toContain(`nodejs_version_info{version="${process.version}"} 1\n`);
  });
});
