/**
 * A block that is begun while the root of the one before it is computed: its transactions are
 * executed by the other threads meanwhile (docs/design/parallel.md). It stands upon what its parent
 * has changed, and counts for nothing before its turn, in which the parent is one that is kept.
 */

import type { EVM } from '../evm/evm.ts';
import type { Account, Address, Awaitable, Hash, StateChanges, StateReader } from '../evm/types.ts';
import type { PendingState } from '../state/pending.ts';
import type { WaitingBlock } from './block-line.ts';
import type { Block } from './blocks/block.ts';
import { InvalidBlock } from './blocks/fault.ts';
import type { BlockSetting } from './executor/block-setting.ts';
import { type BlockOutcome, BlockRun } from './executor/sequential.ts';

/** The state that such a block is executed upon: its parent's, first as it will be. */
class StateAhead implements PendingState {
  #reads: StateReader;
  #pending: PendingState | undefined;

  constructor(ahead: StateReader) {
    this.#reads = ahead;
  }

  /** From now on the parent's state is there. */
  standOn(pending: PendingState): void {
    this.#reads = pending;
    this.#pending = pending;
  }

  getAccount(address: Address): Account | undefined {
    // Whatever has a state ahead answers at once.
    return this.#reads.getAccount(address) as Account | undefined;
  }

  getStorage(address: Address, slot: bigint): Awaitable<bigint> {
    return this.#reads.getStorage(address, slot);
  }

  getCode(codeHash: Hash): Awaitable<Uint8Array> {
    return this.#reads.getCode(codeHash);
  }

  hasStorage(address: Address): Awaitable<boolean> {
    return this.#reads.hasStorage(address);
  }

  getBlockHash(number: bigint): Awaitable<Hash> {
    return this.#reads.getBlockHash(number);
  }

  apply(changes: StateChanges): void {
    this.#there.apply(changes);
  }

  root(): Hash {
    return this.#there.root();
  }

  get #there(): PendingState {
    if (this.#pending !== undefined) return this.#pending;
    throw new Error('chain: a block was to change the state before its turn');
  }
}

interface Begun {
  readonly block: Block;
  readonly run: BlockRun;
  readonly state: StateAhead;
  readonly evm: EVM;
}

export class BlockAhead {
  readonly #begun: Begun;

  private constructor(begun: Begun) {
    this.#begun = begun;
  }

  /** That executed it. */
  get evm(): EVM {
    return this.#begun.evm;
  }

  /**
   * Executes the block's transactions upon `ahead`, on the threads of the setting, and does
   * `meanwhile` as soon as they have begun. undefined: it is to be executed in its turn, which says
   * what is wrong with it; and `meanwhile` may have been left out.
   */
  static async begin(
    waiting: WaitingBlock,
    parentSetting: Omit<BlockSetting, 'state'>,
    ahead: StateReader,
    meanwhile: () => void,
  ): Promise<BlockAhead | undefined> {
    const { after, senders } = waiting;
    const { block } = waiting.read;
    const state = new StateAhead(ahead);
    const setting = { ...parentSetting, isAtParent: true, state };
    const run = new BlockRun(setting, block.header);
    await run.begin();
    const senderOf = (index: number) => senders.of(index);
    const together = await run.transactAll(block.transactions, senderOf, { after, meanwhile });
    if (together?.some((each) => each instanceof InvalidBlock) !== false) return undefined;
    return new BlockAhead({ block, run, state, evm: setting.evm });
  }

  /** What comes behind the transactions, in the block's turn. @throws InvalidBlock */
  finish(pending: PendingState): Promise<BlockOutcome> {
    const { block, run, state } = this.#begun;
    const { uncles, withdrawals = [] } = block;
    state.standOn(pending);
    return run.finish({ uncles, withdrawals });
  }
}

/**
 * What `seal` gives, which is done once: by what is begun beside it, while that goes on, or when
 * that has ended without. Resolves as soon as it is done. @throws what `seal` throws
 */
export async function sealBeside<Result>(
  seal: () => Result,
  begin: (meanwhile: () => void) => Promise<unknown>,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  let isDone = false;
  const once = (): void => {
    if (isDone) return;
    isDone = true;
    try {
      resolve(seal());
    } catch (error) {
      reject(error);
      throw error;
    }
  };
  begin(once)
    .then(once)
    .catch(() => {});
  return promise;
}
