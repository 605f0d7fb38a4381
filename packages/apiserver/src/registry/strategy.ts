import type { NameRule, StatusCause, UnstructuredObject } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import type { UserInfo } from '../request.ts';
import type { Served } from './served.ts';

/** An object that belongs to the one request that is making it, and may be changed. */
export type Draft = { apiVersion: string; kind: string; metadata: DraftMeta; [field: string]: unknown };
export type DraftMeta = { -readonly [K in keyof UnstructuredObject['metadata']]: UnstructuredObject['metadata'][K] };

export interface StrategyContext {
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** `status`, `scale`, `finalize`; absent for the object itself. */
  readonly subresource?: string;
  readonly now: Date;
  /** Tells the caller something in a `Warning` header. */
  readonly warn: (message: string) => void;
}

/** What is special about a kind. Absent members: nothing special. */
export interface Strategy {
  readonly nameRule: NameRule;
  /** Sets what the server sets. Runs after pruning and defaulting, before validation. */
  readonly prepare?: (draft: Draft, old: UnstructuredObject | undefined, context: StrategyContext) => void;
  readonly validate?: (object: UnstructuredObject, old: UnstructuredObject | undefined) => readonly StatusCause[];
  /** Runs right before the write; may take something (an address) and gives it back when the write fails. */
  readonly reserve?: (draft: Draft, old: UnstructuredObject | undefined, context: StrategyContext) => Reservation | undefined;
  /** Seconds between a delete and the end; 0 is at once. `asked` is what the caller wants. */
  readonly gracePeriodSeconds?: (object: UnstructuredObject, asked: number | undefined) => number;
  /** Marks a draft that is being deleted, beyond its metadata. */
  readonly markDeleted?: (draft: Draft) => void;
  /** Whether something other than finalizers still keeps a deleted object. */
  readonly kept?: (object: UnstructuredObject) => boolean;
  /** What a delete without a policy does with dependents. Default `Background`. */
  readonly defaultPropagation?: 'Background' | 'Orphan';
  /** Refuses a delete by throwing an ApiError. */
  readonly checkDelete?: (object: UnstructuredObject) => void;
  /** Whether an update may come without a resourceVersion. Default true; custom resources need one. */
  readonly needsVersion?: boolean;
  /** Counts the generation up when the spec changes. Default: where there is a status subresource. */
  readonly countsGeneration?: boolean;
  /** The kind is a question and nothing is stored: answers it. */
  readonly review?: (core: Core, served: Served, namespace: string | undefined, body: unknown, context: RequestContext) => Promise<UnstructuredObject>;
}

export interface Reservation {
  readonly release: () => void;
}
