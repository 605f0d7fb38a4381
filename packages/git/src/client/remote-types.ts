import type { GitObject, ObjectId } from '../objects/object.ts';
import type { PackLimits, ParsedPack } from '../pack/pack-reader.ts';

/** A ref as the server has it. */
export interface RemoteRef {
  readonly name: string;
  readonly id: ObjectId;
  /** For HEAD, the branch that it stands for. */
  readonly symrefTarget?: string;
  /** For annotated tags, what they are about. */
  readonly peeled?: ObjectId;
}

export interface FetchOptions {
  readonly wants: readonly ObjectId[];
  /** Commits that are here already, with all that they refer to: nothing of it travels again. */
  readonly haves?: readonly ObjectId[];
  /**
   * Reads objects that are here. With it the server may send differences from them; stock git together with `depth` leaves
   * out what `haves` hold only then.
   */
  readonly base?: (id: ObjectId) => GitObject | undefined;
  /** This many commits of history; absent: all of it. */
  readonly depth?: number;
  /** Commits that are here without their parents. */
  readonly shallow?: readonly ObjectId[];
  /** `blob:none` leaves out what files hold, where the server can do so ({@link GitRemote.supportsFilter}); else all comes. */
  readonly filter?: 'blob:none';
  readonly limits?: PackLimits;
  readonly signal?: AbortSignal;
}

export interface FetchResult {
  /** The objects that came. Undefined when there was nothing to send. */
  readonly pack: ParsedPack | undefined;
  /** Commits that came without their parents. */
  readonly shallow: readonly ObjectId[];
}

/** An object to send. `base`: one that the server has and that is much like it; then the difference alone travels. */
export interface PushObject extends GitObject {
  readonly id: ObjectId;
  readonly base?: { readonly id: ObjectId; readonly data: Buffer } | undefined;
}

export interface PushOptions {
  /** `old`: where the ref must be now; `zeroId` for "not there". `new`: `zeroId` deletes it. */
  readonly updates: readonly { readonly ref: string; readonly old: ObjectId; readonly new: ObjectId }[];
  /** What the server lacks. */
  readonly objects: readonly PushObject[];
  readonly signal?: AbortSignal;
}

/** Of one ref of a push. */
export type PushOutcome = { readonly ref: string; readonly ok: true } | { readonly ref: string; readonly ok: false; readonly reason: string };
