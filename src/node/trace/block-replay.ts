/**
 * A block executed once more to be traced: transaction after transaction upon the state of its
 * parent, on a machine of its own. Withdrawals and rewards come after all transactions, and no
 * trace sees them.
 */

import type { ChainBlock } from '../../chain/block-tree.ts';
import type { Block } from '../../chain/blocks/block.ts';
import type { BlockRules } from '../../chain/chain-spec.ts';
import { DAO_ACCOUNTS, moveDaoEther } from '../../chain/executor/dao-fork.ts';
import { blockEnvironment } from '../../chain/executor/sequential.ts';
import { recordAncestors } from '../../chain/executor/system-calls.ts';
import { acceptTransaction } from '../../chain/transactions/check.ts';
import { EVMError } from '../../evm/errors.ts';
import type { EVMSnapshot } from '../../evm/evm-interface.ts';
import type {
  Account,
  Address,
  BlockEnvironment,
  ExecutionResult,
  StateChanges,
  Transaction,
} from '../../evm/types.ts';
import { stopText } from '../execution/call-failure.ts';
import type { Lease } from '../execution/call-machines.ts';
import type { ReplayNode } from '../execution/call-node.ts';
import { OverlayState } from '../execution/overlay-state.ts';
import { transactionHash } from '../ledger/transaction-index.ts';
import { RpcError } from '../rpc/errors.ts';
import type { RunWatch, TraceBudget, TraceTarget } from './target.ts';

/** A block of the chain, or one that is not in it. */
export type TracedBlock = Block & Pick<ChainBlock, 'impersonated'>;

/** Gives the replay of a block to the work, and ends it. @throws RpcError */
export async function withReplay<T>(
  node: ReplayNode,
  block: TracedBlock,
  budget: TraceBudget,
  work: (replay: BlockReplay) => Promise<T>,
): Promise<T> {
  const { ledger, machines } = node;
  const { header } = block;
  if (header.number === 0n) throw new RpcError('server error', 'genesis is not traceable');
  const { parentHash } = header;
  const parent = await ledger.parentBlock(parentHash);
  if (parent === undefined) {
    throw new RpcError('server error', `parent ${parentHash} not found`);
  }
  const rules = ledger.rulesAfter(parent, header);
  // Without what was set by hand upon it since: the block has that from `editsIn`.
  const open = () => ledger.openBlock(parent.hash);
  const standing = { rules: rules.rules, chainId: ledger.chainId, open };
  let lease: Lease | undefined;
  try {
    lease = await budget.pause(machines.acquireAlone(standing, budget.signal));
    const replay = new BlockReplay({ node, block, rules, lease, budget });
    await replay.begin();
    return await work(replay);
  } catch (error) {
    if (error instanceof EVMError) throw stopText(error, budget.limitMs);
    throw error;
  } finally {
    lease?.release();
  }
}

interface ReplayParts {
  readonly node: ReplayNode;
  readonly block: TracedBlock;
  readonly rules: BlockRules;
  readonly lease: Lease;
  readonly budget: TraceBudget;
}

export class BlockReplay {
  readonly #parts: ReplayParts;
  readonly #environment: BlockEnvironment;
  /** What the transactions up to now made of the parent's state. */
  readonly #state: OverlayState;
  readonly #changes: StateChanges[] = [];
  #next = 0;
  #gasUsed = 0n;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
    this.#environment = blockEnvironment(parts.block.header, parts.rules);
    this.#state = new OverlayState(parts.lease.state);
  }

  /** The machine, for as long as the replay lasts. */
  get lease(): Lease {
    return this.#parts.lease;
  }

  /** As the next transaction finds it. */
  get state(): OverlayState {
    return this.#state;
  }

  /** What was done to the parent's state up to now, in its order. */
  get changes(): readonly StateChanges[] {
    return this.#changes;
  }

  /** Number of the block's transactions. */
  get length(): number {
    return this.#parts.block.transactions.length;
  }

  /** What comes before the transactions. */
  async begin(): Promise<void> {
    const { node, block, rules, lease } = this.#parts;
    const { evm } = lease;
    const { spec } = node.ledger;
    if (spec.daoFork === block.header.number) {
      this.#apply(moveDaoEther({ getAccount: await this.#daoAccounts() }));
    }
    const edits = await node.ledger.editsIn(block.hash);
    if (edits !== undefined) this.#apply(edits);
    evm.setState(this.#state);
    evm.setChainId(spec.chainId);
    evm.setBlock(this.#environment);
    const setting = { evm, state: this.#state, blockRules: rules, spec };
    for (const { changes } of await recordAncestors(setting, block.header)) {
      if (changes !== undefined) this.#apply(changes);
    }
  }

  async #daoAccounts(): Promise<(address: Address) => Account | undefined> {
    const accounts = new Map<Address, Account | undefined>();
    for (const address of DAO_ACCOUNTS) {
      accounts.set(address, await this.#state.getAccount(address));
    }
    return (address) => accounts.get(address);
  }

  /** Executes those before transaction `index`. */
  async skipTo(index: number): Promise<void> {
    while (this.#next < index) await this.trace((target) => target.run({}));
  }

  /** Gives the next transaction to the work; what follows stands upon what it did. */
  async trace<T>(work: (target: TraceTarget) => Promise<T>): Promise<T> {
    const { rules, lease, budget } = this.#parts;
    // Many that are short are long together.
    budget.check();
    const transaction = this.#transactionAt(this.#next);
    const impersonated = this.#parts.block.impersonated?.has(this.#next) === true;
    const { evm } = lease;
    let before: EVMSnapshot | undefined;
    let last: ExecutionResult | undefined;
    const run = async (watch: RunWatch): Promise<ExecutionResult> => {
      if (before !== undefined) evm.revert(before);
      before = evm.snapshot();
      last = undefined;
      const result = await evm.transact(transaction, {
        signal: budget.signal,
        timeoutMs: budget.leftMs,
        ...this.#room,
        // A contract that is impersonated sends (EIP-3607).
        ...(impersonated && { checks: { senderCode: false } }),
        ...watch,
      });
      if (result.status === 'refused') {
        throw new RpcError('server error', `transaction ${this.#next}: ${result.message}`);
      }
      last = result;
      return result;
    };
    const { hash: blockHash, header, transactions } = this.#parts.block;
    const traced = await work({
      transaction,
      rules,
      environment: this.#environment,
      state: this.#state,
      place: {
        blockHash,
        blockNumber: header.number,
        transactionHash: transactionHash(transactions[this.#next] as Uint8Array),
        index: this.#next,
      },
      budget,
      run,
    });
    const result = last ?? (await run({}));
    this.#apply(result.changes);
    this.#gasUsed += result.blockGasUsed;
    this.#next += 1;
    return traced;
  }

  #apply(changes: StateChanges): void {
    this.#state.apply(changes);
    this.#changes.push(changes);
  }

  /** Gas that the block has left. */
  get #room() {
    const { gasLimit } = this.#parts.block.header;
    return { blockGasLeft: gasLimit - this.#gasUsed };
  }

  #transactionAt(index: number): Transaction {
    const { node, block, rules } = this.#parts;
    const bytes = block.transactions[index];
    if (bytes === undefined) throw new RpcError('server error', 'transaction not found');
    const { chainId } = node.ledger;
    const context = { chainId, rules: rules.rules };
    const accepted = acceptTransaction(bytes, context, block.impersonated?.get(index));
    if (accepted.ok) return accepted.transaction;
    throw new RpcError('server error', `transaction ${index}: ${accepted.message}`);
  }
}
