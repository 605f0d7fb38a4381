import type { GitService, Transport } from './transport.ts';

/** One exchange with a git server: no credentials in it, and nothing of what was sent. */
export interface GitExchange {
  readonly url: string;
  readonly service: GitService;
  /** `hello`: what the service says at first; `request`: what it answers. */
  readonly type: 'hello' | 'request';
  readonly durationMs: number;
  readonly sentBytes: number;
  /** Absent when it failed. */
  readonly receivedBytes?: number;
  readonly error?: Error;
}

/** Is told of each exchange at its end. */
export type TraceExchange = (exchange: GitExchange) => void;

/** The same transport, whose exchanges are told. */
export function tracedTransport(transport: Transport, trace: TraceExchange, now: () => number = () => performance.now()): Transport {
  const traced = async (service: GitService, type: GitExchange['type'], sentBytes: number, exchange: () => Promise<Buffer>): Promise<Buffer> => {
    const from = now();
    const tell = (outcome: Pick<GitExchange, 'receivedBytes' | 'error'>): void => trace({ url: transport.url, service, type, durationMs: Math.round(now() - from), sentBytes, ...outcome });
    try {
      const answer = await exchange();
      tell({ receivedBytes: answer.length });
      return answer;
    } catch (error) {
      tell({ error: error as Error });
      throw error;
    }
  };
  return {
    get url() {
      return transport.url;
    },
    advertisement: (service, signal) => traced(service, 'hello', 0, () => transport.advertisement(service, signal)),
    request: (service, body, options) => traced(service, 'request', body.length, () => transport.request(service, body, options)),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}
