/**
 * The chain as a worker sees it: each question goes to the node's thread, and what asked is
 * suspended until the answer is there, as a machine is that lacks a part of a remote state
 * (`fork/remote-state.ts`). Rules are known here.
 */

import type { BlockView, ChainBlock, KnownBlock } from '../../../chain/block-tree.ts';
import type { BlockHeader } from '../../../chain/blocks/header.ts';
import type { BlockRules, ChainSpec, ForkTimeline } from '../../../chain/chain-spec.ts';
import { blockEnvironment } from '../../../chain/executor/sequential.ts';
import type { Hash, StateChanges } from '../../../evm/types.ts';
import type { TransactionPlace } from '../../ledger/transaction-index.ts';
import type { BlockId } from '../../rpc/values.ts';
import type { CallLedger, CallPlace } from '../call-node.ts';
import { DistantState, type NodeLine } from './distant-state.ts';
import type { FoundState, Question } from './messages.ts';
import type { ReadingOrder } from './reading-order.ts';

/** What ledgers of all jobs of a worker have in common. */
export interface DistantLedgerOptions {
  readonly line: NodeLine;
  readonly timeline: ForkTimeline;
  readonly order: ReadingOrder;
}

export class DistantLedger implements CallLedger {
  readonly spec: ChainSpec;
  readonly #line: NodeLine;
  readonly #timeline: ForkTimeline;
  readonly #order: ReadingOrder;
  readonly #job: number;

  /** @param job for whose sake it asks */
  constructor({ line, timeline, order }: DistantLedgerOptions, spec: ChainSpec, job: number) {
    this.#line = line;
    this.#timeline = timeline;
    this.#order = order;
    this.spec = spec;
    this.#job = job;
  }

  get chainId(): bigint {
    return this.spec.chainId;
  }

  block(id: BlockId): Promise<ChainBlock | undefined> {
    return this.#ask({ what: 'block', id });
  }

  requireBlock(id: BlockId): Promise<ChainBlock> {
    return this.#ask({ what: 'required block', id });
  }

  blockByHash(hash: Hash): Promise<ChainBlock | undefined> {
    return this.block({ hash, requireCanonical: false });
  }

  blockByNumber(number: bigint): Promise<ChainBlock | undefined> {
    return this.block({ number });
  }

  transactionPlace(hash: Hash): Promise<TransactionPlace | undefined> {
    return this.#ask({ what: 'transaction place', hash });
  }

  rulesOf(block: KnownBlock): BlockRules {
    return this.#timeline.of(block);
  }

  rulesAfter(parent: KnownBlock, header: Pick<BlockHeader, 'number' | 'timestamp'>): BlockRules {
    return this.#timeline.after(parent, header);
  }

  parentBlock(hash: Hash): Promise<KnownBlock | undefined> {
    return this.#ask({ what: 'parent block', hash });
  }

  editsIn(hash: Hash): Promise<StateChanges | undefined> {
    return this.#ask({ what: 'edits', hash });
  }

  openBlock(hash: Hash): Promise<BlockView> {
    return this.#open({ what: 'open block', hash });
  }

  /** `CallNode.blockState`. */
  async blockState(id: BlockId): Promise<CallPlace> {
    const job = this.#job;
    const { block, key, place }: FoundState = await this.#ask({ what: 'state', id, job });
    const rules = this.rulesOf(block);
    const open = () => this.#open({ what: 'open state', place, job });
    const standing = { key, rules: rules.rules, chainId: this.chainId, open };
    return { block, rules, environment: blockEnvironment(block.header, rules), standing };
  }

  async #open(question: Question): Promise<BlockView> {
    return new DistantState(this.#line, this.#order, await this.#ask(question));
  }

  /** What `StateDesk` answers to that question. */
  #ask<T>(question: Question): Promise<T> {
    return this.#line.ask(question) as Promise<T>;
  }
}
