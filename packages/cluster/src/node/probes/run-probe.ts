import type { Clock } from '@plinth/controller-runtime';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container, Probe } from '../../objects/types.ts';
import type { RunningContainer } from '../../runtime/container-runtime.ts';

export interface ProbeResult {
  readonly well: boolean;
  readonly message: string;
}

export interface ProbeTarget {
  readonly container: Container;
  readonly running: RunningContainer;
  readonly podIP: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Asks once. Never rejects. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeResult> {
  const timeoutMs = Math.max(1, probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.httpGet) return await get(probe.httpGet, target, timeoutMs);
    if (probe.tcpSocket) return await dial(probe.tcpSocket.host ?? target.podIP, portOf(probe.tcpSocket.port, target.container), timeoutMs);
    if (probe.exec) {
      // A program has no commands; what it says of itself (`setReady`) and that it runs is all there is to know.
      if (!target.running.exec) return { well: true, message: 'a program answers for itself' };
      const { exitCode, output } = await target.running.exec(probe.exec.command ?? [], timeoutMs);
      return { well: exitCode === 0, message: output.trim() || `command exited with ${exitCode}` };
    }
    return { well: true, message: 'probes of this kind are not asked on this node' };
  } catch (error) {
    return { well: false, message: error instanceof Error ? error.message : String(error) };
  }
}

type HttpGet = NonNullable<Probe['httpGet']>;

function get(action: HttpGet, { container, podIP, signal }: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
  const secure = action.scheme?.toUpperCase() === 'HTTPS';
  const host = action.host || podIP;
  const port = portOf(action.port, container);
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const url = `${secure ? 'https' : 'http'}://${host}:${port}${path}`;
  const headers = Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  return new Promise((resolve) => {
    const options = { headers: { 'user-agent': 'kube-probe/1.35', accept: '*/*', ...headers }, signal, timeout: timeoutMs, agent: false };
    // As the kubelet: a probe does not judge certificates.
    const request = secure ? httpsRequest(url, { ...options, rejectUnauthorized: false }) : httpRequest(url, options);
    request.on('response', (response) => {
      response.resume();
      const code = response.statusCode ?? 0;
      const well = code >= 200 && code < 400;
      resolve({ well, message: well ? '' : `HTTP probe failed with statuscode: ${code}` });
    });
    request.on('timeout', () => request.destroy(new Error('context deadline exceeded')));
    request.on('error', (error) => resolve({ well: false, message: `Get "${url}": ${error.message}` }));
    request.end();
  });
}

function dial(host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (well: boolean, message: string): void => {
      socket.destroy();
      resolve({ well, message });
    };
    socket.on('connect', () => end(true, ''));
    socket.on('timeout', () => end(false, `dial tcp ${host}:${port}: i/o timeout`));
    socket.on('error', (error) => end(false, `dial tcp ${host}:${port}: ${error.message}`));
  });
}

/** A number, or the name of one of the container's ports. */
function portOf(port: string | number, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find((each) => each.name === port)?.containerPort ?? Number(port);
  if (!Number.isInteger(named)) throw new Error(`no port of the container is named ${JSON.stringify(port)}`);
  return named;
}
