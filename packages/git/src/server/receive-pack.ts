import { GitFormatError, GitLimitError, GitRepositoryError } from '../errors.ts';
import { isObjectId, zeroId } from '../objects/object.ts';
import type { ObjectId } from '../objects/object.ts';
import type { PackLimits } from '../pack/pack-reader.ts';
import { flushPacket, lineOf, packet, PacketReader, sideBand } from '../protocol/pkt-line.ts';
import { receivePack } from '../repository/receive.ts';
import { isRefName } from '../repository/ref-name.ts';
import type { Repository } from '../repository/repository.ts';
import { advertiseRefs } from './upload-pack-v0.ts';

/** A ref that moved. {@link zeroId} as `old`: it is new; as `new`: it is gone. */
export interface RefUpdate {
  readonly ref: string;
  readonly old: ObjectId;
  readonly new: ObjectId;
}

interface Command {
  readonly ref: string;
  readonly old: ObjectId;
  readonly new: ObjectId;
}

interface Verdict {
  readonly command: Command;
  /** Undefined: done. */
  readonly refused: string | undefined;
}

export function advertiseReceivePack(repository: Repository, version1: boolean): Buffer {
  return advertiseRefs(repository, 'report-status delete-refs side-band-64k quiet atomic ofs-delta', { head: false, version1 });
}

/**
 * Carries out a push: the pack first, then the refs. When this resolves, what it calls ok is on disk. `onUpdate` learns of
 * each ref that moved.
 */
export async function serveReceivePack(
  repository: Repository,
  body: Buffer,
  options: { readonly limits?: PackLimits | undefined; readonly signal: AbortSignal; readonly onUpdate: (update: RefUpdate) => void; readonly log: (message: string, error: unknown) => void },
): Promise<Buffer> {
  const reader = new PacketReader(body);
  const { commands, capabilities } = readCommands(reader);
  if (commands.length === 0) return Buffer.alloc(0);
  let unpack = 'ok';
  try {
    const pack = reader.rest();
    const tips = commands.filter((command) => command.new !== zeroId).map((command) => command.new);
    if (tips.length > 0 || pack.length > 0) await receivePack(repository, pack.length > 0 ? pack : emptyPack, tips, options);
  } catch (error) {
    options.signal.throwIfAborted();
    unpack = reasonOf(error);
    if (unpack === internal) options.log('push failed', error);
  }
  const verdicts = unpack === 'ok' ? await updateRefs(repository, commands, capabilities.has('atomic'), options) : commands.map((command) => ({ command, refused: 'unpacker error' }));
  return report(unpack, verdicts, capabilities);
}

async function updateRefs(
  repository: Repository,
  commands: readonly Command[],
  atomic: boolean,
  options: { readonly onUpdate: (update: RefUpdate) => void; readonly log: (message: string, error: unknown) => void },
): Promise<Verdict[]> {
  const doubts = commands.map((command) => refusal(repository, command));
  if (atomic && doubts.some((doubt) => doubt !== undefined)) return commands.map((command, at) => ({ command, refused: doubts[at] ?? othersFailed }));
  const verdicts: Verdict[] = [];
  for (const [at, command] of commands.entries()) verdicts.push({ command, refused: doubts[at] ?? (await updateRef(repository, command, options.log)) });
  if (atomic && verdicts.some((verdict) => verdict.refused !== undefined)) {
    // Somebody was quicker with one of them: take the others back, unless they moved on in turn.
    for (const { command, refused } of verdicts) if (refused === undefined) await updateRef(repository, { ref: command.ref, old: command.new, new: command.old }, options.log);
    return verdicts.map(({ command, refused }) => ({ command, refused: refused ?? othersFailed }));
  }
  for (const { command, refused } of verdicts) if (refused === undefined && command.old !== command.new) options.onUpdate(command);
  return verdicts;
}

const othersFailed = 'atomic push failed for other refs';

/** Why the ref did not move; undefined when it did. */
async function updateRef(repository: Repository, command: Command, log: (message: string, error: unknown) => void): Promise<string | undefined> {
  try {
    const result = await repository.refs.update({ name: command.ref, expected: command.old, next: command.new });
    return result.ok ? undefined : result.reason;
  } catch (error) {
    log('ref update failed', error);
    return error instanceof GitRepositoryError ? 'failed to lock the ref' : 'failed to update ref';
  }
}

function refusal(repository: Repository, command: Command): string | undefined {
  if (!isRefName(command.ref)) return 'funny refname';
  if (command.ref.startsWith('refs/heads/') && command.ref.split('/').at(-1) === 'HEAD') return 'funny refname';
  const current = repository.refs.read(command.ref) ?? zeroId;
  if (current !== command.old) return command.old === zeroId ? 'reference already exists' : `fetch first: the ref is at ${current.slice(0, 12)}`;
  if (command.new === zeroId) return command.ref === `refs/heads/${repository.defaultBranch() ?? ''}` ? 'deletion of the current branch prohibited' : undefined;
  const conflict = current === zeroId ? repository.refs.conflictOf(command.ref) : undefined;
  if (conflict !== undefined) return `'${conflict}' exists; cannot create '${command.ref}'`;
  if (command.ref.startsWith('refs/heads/') && repository.objects.read(command.new)?.type !== 'commit') return 'trying to write a non-commit object to a branch';
  return undefined;
}

function readCommands(reader: PacketReader): { readonly commands: readonly Command[]; readonly capabilities: ReadonlySet<string> } {
  const commands: Command[] = [];
  let capabilities: ReadonlySet<string> = new Set();
  for (let next = reader.next(); next?.type === 'data'; next = reader.next()) {
    const [line, words] = lineOf(next.data).split('\0') as [string, string | undefined];
    if (words !== undefined) capabilities = new Set(words.split(' '));
    if (line.startsWith('shallow ')) continue;
    const [old, now, ref] = [line.slice(0, 40), line.slice(41, 81), line.slice(82)];
    if (!isObjectId(old) || !isObjectId(now) || ref === '') throw new GitFormatError(`expected a ref update, found ${JSON.stringify(line.slice(0, 100))}`);
    if (commands.length >= maxCommands) throw new GitLimitError(`more than ${maxCommands} refs in one push`);
    commands.push({ ref, old, new: now });
  }
  return { commands, capabilities };
}

const maxCommands = 10_000;

function report(unpack: string, verdicts: readonly Verdict[], capabilities: ReadonlySet<string>): Buffer {
  if (!capabilities.has('report-status')) return Buffer.alloc(0);
  const lines = [`unpack ${unpack}\n`, ...verdicts.map(({ command, refused }) => (refused === undefined ? `ok ${command.ref}\n` : `ng ${command.ref} ${refused}\n`))];
  const status = Buffer.concat([...lines.map(packet), flushPacket]);
  return capabilities.has('side-band-64k') ? Buffer.concat([...sideBand(1, status), flushPacket]) : status;
}

const internal = 'internal error';

function reasonOf(error: unknown): string {
  return error instanceof GitFormatError || error instanceof GitLimitError ? error.message.replaceAll(/\s+/g, ' ') : internal;
}

/** A push of commits that the server has needs no objects; old clients then send no pack at all. */
const emptyPack = Buffer.concat([Buffer.from('5041434b0000000200000000', 'hex'), Buffer.from('029d08823bd8a8eab510ad6ac75c823cfd3ed31e', 'hex')]);
