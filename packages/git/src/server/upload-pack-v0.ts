import type { ObjectId } from '../objects/object.ts';
import { agent } from '../protocol/agent.ts';
import { flushPacket, lineOf, packet, PacketReader } from '../protocol/pkt-line.ts';
import type { Repository } from '../repository/repository.ts';
import { zeroId } from '../objects/object.ts';
import { errorPacket, FetchRequestBuilder, FetchRequestError, isReady, planCommits, planFetch, sendPack } from './upload-pack.ts';

const offered = 'multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative no-progress include-tag multi_ack_detailed no-done allow-tip-sha1-in-want allow-reachable-sha1-in-want filter';

/** The refs as versions 0 and 1 begin with, for either service; `peel`: with the objects behind annotated tags. */
export function advertiseRefs(repository: Repository, capabilities: string, options: { readonly head: boolean; readonly version1: boolean }): Buffer {
  const lines: string[] = [];
  const head = repository.headCommit();
  if (options.head && head) lines.push(`${head} HEAD`);
  for (const [name, id] of repository.refs.list()) {
    lines.push(`${id} ${name}`);
    if (!options.head || !name.startsWith('refs/tags/')) continue;
    const peeled = repository.peel(id);
    if (peeled !== id) lines.push(`${peeled} ${name}^{}`);
  }
  if (lines.length === 0) lines.push(`${zeroId} capabilities^{}`);
  lines[0] += `\0${capabilities} object-format=sha1 agent=${agent}`;
  return Buffer.concat([...(options.version1 ? [packet('version 1\n')] : []), ...lines.map((line) => packet(`${line}\n`)), flushPacket]);
}

export function advertiseUploadPack(repository: Repository, version1: boolean): Buffer {
  const head = repository.refs.head();
  const symref = 'branch' in head && repository.headCommit() ? ` symref=HEAD:${head.branch}` : '';
  return advertiseRefs(repository, `${offered}${symref}`, { head: true, version1 });
}

/** Answers one round of versions 0 and 1, which over HTTP hold all that the client has said so far. */
export async function* serveV0(repository: Repository, body: Buffer, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const reader = new PacketReader(body);
    const builder = new FetchRequestBuilder(repository);
    const opening = reader.lines();
    if (opening.lines.length === 0) return;
    // `want <id> <capability>...`; some clients write a second space.
    const [want, id, ...capabilities] = opening.lines[0]!.split(' ').filter((word) => word !== '');
    const first = `${want} ${id}`;
    for (const line of [first, ...opening.lines.slice(1)]) if (!builder.take(line)) throw new FetchRequestError(`unexpected line: ${JSON.stringify(line.slice(0, 100))}`);
    if (builder.wants.length === 0) return;
    const has = (capability: string): boolean => capabilities.includes(capability);
    if (has('deepen-relative')) builder.take('deepen-relative');
    if (has('include-tag')) builder.take('include-tag');
    const asked = builder.build();
    if (asked.deepening) {
      const { selection } = await planCommits(repository, asked, signal);
      for (const id of selection.shallow) yield packet(`shallow ${id}\n`);
      for (const id of selection.unshallow) yield packet(`unshallow ${id}\n`);
      yield flushPacket;
    }
    const mode = has('multi_ack_detailed') ? 'detailed' : has('multi_ack') ? 'multi' : 'single';
    const negotiation = negotiate(repository, reader, asked.wants, mode, has('no-done'));
    yield Buffer.concat(negotiation.answer);
    if (!negotiation.send) return;
    for (const have of negotiation.common) builder.take(`have ${have}`);
    const plan = await planFetch(repository, builder.build(), signal);
    const inSideBand = has('side-band-64k') || has('side-band');
    for await (const chunk of sendPack(repository, plan, { sideBand: inSideBand, progress: !has('no-progress') })) yield* has('side-band-64k') || !inSideBand ? [chunk] : narrow(chunk);
    if (inSideBand) yield flushPacket;
  } catch (error) {
    if (signal.aborted) throw error;
    yield errorPacket(error);
    if (!(error instanceof FetchRequestError)) throw error;
  }
}

/**
 * Goes through the `have` lines and says what both sides have (https://git-scm.com/docs/pack-protocol,
 * "Packfile Negotiation"). Over HTTP a round without `done` ends at its last flush, unless the client lets us send at once.
 */
function negotiate(repository: Repository, reader: PacketReader, wants: readonly ObjectId[], mode: 'detailed' | 'multi' | 'single', noDone: boolean): { readonly answer: Buffer[]; readonly send: boolean; readonly common: ReadonlySet<ObjectId> } {
  const answer: Buffer[] = [];
  const common = new Set<ObjectId>();
  let last: ObjectId | undefined;
  let sentReady = false;
  let gotCommon = false;
  let gotOther = false;
  const ready = (): boolean => isReady(repository, wants, common);
  for (let next = reader.next(); next; next = reader.next()) {
    if (next.type !== 'data') {
      if (mode === 'detailed' && gotCommon && !gotOther && ready()) {
        sentReady = true;
        answer.push(packet(`ACK ${last} ready\n`));
      }
      if (common.size === 0 || mode !== 'single') answer.push(packet('NAK\n'));
      if (noDone && sentReady) {
        answer.push(packet(`ACK ${last}\n`));
        return { answer, send: true, common };
      }
      gotCommon = false;
      gotOther = false;
      continue;
    }
    const line = lineOf(next.data);
    if (line === 'done') {
      answer.push(packet(common.size > 0 ? (mode === 'single' ? '' : `ACK ${last}\n`) : 'NAK\n'));
      return { answer: answer.filter((bytes) => bytes.length > 4), send: true, common };
    }
    const have = /^have ([0-9a-f]{40})$/.exec(line)?.[1];
    if (!have) throw new FetchRequestError(`expected a have line, found ${JSON.stringify(line.slice(0, 100))}`);
    if (!repository.objects.has(have)) {
      gotOther = true;
      if (mode !== 'single' && ready()) {
        sentReady ||= mode === 'detailed';
        answer.push(packet(`ACK ${have} ${mode === 'detailed' ? 'ready' : 'continue'}\n`));
      }
      continue;
    }
    gotCommon = true;
    last = have;
    common.add(have);
    if (mode === 'detailed') answer.push(packet(`ACK ${have} common\n`));
    else if (mode === 'multi') answer.push(packet(`ACK ${have} continue\n`));
    else if (common.size === 1) answer.push(packet(`ACK ${have}\n`));
  }
  return { answer, send: false, common };
}

/** The old side band takes packets of 1000 bytes. */
function* narrow(chunk: Buffer): Generator<Buffer> {
  const reader = new PacketReader(chunk);
  for (let next = reader.next(); next?.type === 'data'; next = reader.next()) {
    for (let at = 1; at < next.data.length; at += 995) yield packet(Buffer.concat([next.data.subarray(0, 1), next.data.subarray(at, at + 995)]));
  }
}
