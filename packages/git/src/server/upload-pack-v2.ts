import { delimiterPacket, flushPacket, packet, PacketReader } from '../protocol/pkt-line.ts';
import type { Repository } from '../repository/repository.ts';
import { errorPacket, FetchRequestBuilder, FetchRequestError, isReady, planFetch, sendPack } from './upload-pack.ts';
import { agent } from '../protocol/agent.ts';

/** What the server offers in version 2 (https://git-scm.com/docs/protocol-v2). */
export function advertiseV2(): Buffer {
  const lines = ['version 2', `agent=${agent}`, 'ls-refs=unborn', 'fetch=shallow filter', 'server-option', 'object-format=sha1'];
  return Buffer.concat([...lines.map((line) => packet(`${line}\n`)), flushPacket]);
}

/** Answers one command. Mistakes of the client come back as an `ERR` packet. */
export async function* serveV2(repository: Repository, body: Buffer, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const reader = new PacketReader(body);
    const head = reader.lines();
    const command = head.lines.find((line) => line.startsWith('command='))?.slice('command='.length);
    const format = head.lines.find((line) => line.startsWith('object-format='));
    if (format !== undefined && format !== 'object-format=sha1') throw new FetchRequestError(`mismatched object format: server sha1, client ${format}`);
    const args = head.end === 'delimiter' ? reader.lines().lines : [];
    if (command === 'ls-refs') yield lsRefs(repository, args);
    else if (command === 'fetch') yield* fetch(repository, args, signal);
    else if (command !== undefined || head.lines.length > 0) throw new FetchRequestError(`unknown command ${JSON.stringify(command ?? '')}`);
  } catch (error) {
    if (signal.aborted) throw error;
    yield errorPacket(error);
    if (!(error instanceof FetchRequestError)) throw error;
  }
}

function lsRefs(repository: Repository, args: readonly string[]): Buffer {
  const prefixes = args.filter((arg) => arg.startsWith('ref-prefix ')).map((arg) => arg.slice('ref-prefix '.length));
  const peel = args.includes('peel');
  const symrefs = args.includes('symrefs');
  const lines: string[] = [];
  const head = repository.refs.head();
  const headId = repository.headCommit();
  const target = 'branch' in head && symrefs ? ` symref-target:${head.branch}` : '';
  if (prefixes.length === 0 || prefixes.some((prefix) => 'HEAD'.startsWith(prefix))) {
    if (headId !== undefined) lines.push(`${headId} HEAD${target}`);
    else if (args.includes('unborn')) lines.push(`unborn HEAD${target}`);
  }
  for (const [name, id] of repository.refs.list(prefixes.length === 0 ? undefined : prefixes)) {
    const peeled = peel && name.startsWith('refs/tags/') ? repository.peel(id) : id;
    lines.push(`${id} ${name}${peeled === id ? '' : ` peeled:${peeled}`}`);
  }
  return Buffer.concat([...lines.map((line) => packet(`${line}\n`)), flushPacket]);
}

async function* fetch(repository: Repository, args: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer> {
  const builder = new FetchRequestBuilder(repository);
  let progress = true;
  for (const arg of args) {
    if (builder.take(arg)) continue;
    if (arg === 'no-progress') progress = false;
    else if (arg !== 'thin-pack' && arg !== 'ofs-delta') throw new FetchRequestError(`unexpected line: ${JSON.stringify(arg.slice(0, 100))}`);
  }
  if (builder.wants.length === 0) return;
  const request = builder.build();
  if (!request.done && request.haves.length > 0) {
    const common = new Set(request.haves.filter((have) => repository.objects.has(have)));
    const ready = isReady(repository, request.wants, common);
    yield packet('acknowledgments\n');
    if (common.size === 0) yield packet('NAK\n');
    for (const have of common) yield packet(`ACK ${have}\n`);
    if (!ready) {
      yield flushPacket;
      return;
    }
    yield packet('ready\n');
    yield delimiterPacket;
  }
  const plan = await planFetch(repository, request, signal);
  if (request.deepening) {
    yield packet('shallow-info\n');
    for (const id of plan.selection.shallow) yield packet(`shallow ${id}\n`);
    for (const id of plan.selection.unshallow) yield packet(`unshallow ${id}\n`);
    yield delimiterPacket;
  }
  yield packet('packfile\n');
  yield* sendPack(repository, plan, { sideBand: true, progress });
  yield flushPacket;
}
