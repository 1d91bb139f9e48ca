/**
 * What the node's thread and a thread for calls say to each other.
 *
 *   node                               worker
 *                               <-     ready                       once
 *   run {job, method, params}   ->
 *                               <-     ask {number, question}      what the worker lacks
 *   answer {number, value}      ->
 *                               <-     said {job, text}            console.log of a contract
 *                               <-     piece {job, text}           of an answer in pieces
 *   taken {job}                 ->                                 the next one may come
 *                               <-     result | end | failed       the last of a job
 *   cancel {job}                ->                                 nobody waits for it any more
 */

import type { ChainBlock } from '../../../chain/block-tree.ts';
import type { ChainSpec } from '../../../chain/chain-spec.ts';
import type { Address, Hash } from '../../../evm/types.ts';
import type { RequestLimits } from '../../node.ts';
import type { BlockId } from '../../rpc/values.ts';
import type { PlainFault } from './faults.ts';

/** What a worker begins with. */
export interface WorkerStart {
  readonly spec: ChainSpec;
  /** Folder of what the process has compiled; undefined where it keeps nothing. */
  readonly compileCache: string | undefined;
}

/** A request, for a worker to answer. */
export interface CallJob {
  readonly method: string;
  /** As they came, but for those that were left out. */
  readonly params: readonly unknown[];
  /** Which users of a development chain may change. */
  readonly chainId: bigint;
  readonly limits: RequestLimits;
  /** Whether somebody listens to what contracts print. */
  readonly isHeard: boolean;
}

export type ToWorker =
  | { readonly kind: 'run'; readonly job: number; readonly given: CallJob }
  | { readonly kind: 'taken'; readonly job: number }
  | { readonly kind: 'cancel'; readonly job: number }
  | { readonly kind: 'answer'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly number: number; readonly fault: PlainFault };

export type FromWorker =
  /** Its program is loaded: what it is sent is begun at once. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'ask'; readonly number: number; readonly question: Question }
  | { readonly kind: 'close'; readonly view: number }
  | { readonly kind: 'said'; readonly job: number; readonly text: string }
  | JobNews;

/** What becomes of a job; all but a piece are the last of it. */
export type JobNews =
  | { readonly kind: 'piece'; readonly job: number; readonly text: string }
  | { readonly kind: 'end'; readonly job: number }
  | { readonly kind: 'result'; readonly job: number; readonly text: string }
  | { readonly kind: 'failed'; readonly job: number; readonly fault: PlainFault };

/** Views are states that the node's thread holds open, by their numbers. */
export type Question =
  | { readonly what: 'block'; readonly id: BlockId }
  | { readonly what: 'required block'; readonly id: BlockId }
  | { readonly what: 'parent block'; readonly hash: Hash }
  | { readonly what: 'transaction place'; readonly hash: Hash }
  | { readonly what: 'edits'; readonly hash: Hash }
  /** A block by its name, and its state, which stays open until the worker closes it. */
  | { readonly what: 'state'; readonly id: BlockId; readonly job: number }
  | { readonly what: 'open state'; readonly place: number; readonly job: number }
  | { readonly what: 'open block'; readonly hash: Hash }
  /** The first read is needed, the others are guesses: as many are answered as take no time. */
  | ReadsQuestion
  | { readonly what: 'code'; readonly view: number; readonly hash: Hash }
  | { readonly what: 'has storage'; readonly view: number; readonly address: Address }
  | { readonly what: 'block hash'; readonly view: number; readonly number: bigint };

/** Reads by their columns, which are copied in half the time; accounts have no slot. */
export interface ReadsQuestion {
  readonly what: 'reads';
  readonly view: number;
  readonly addresses: readonly Address[];
  readonly slots: readonly (bigint | undefined)[];
}

/** The answer to 'state'. */
export interface FoundState {
  readonly block: ChainBlock;
  /** `Standing.key`. */
  readonly key: string;
  /** Its number, by which it is opened for as long as the job lasts. */
  readonly place: number;
}
