/**
 * What consensus says, done: payloads are executed as they come, and the head, the safe and the
 * finalized block are those that it names.
 *
 * A payload whose parent is there is executed before it is answered, whatever branch it is of. One
 * whose parent is missing waits, within bounds, and is executed as soon as the parent has been; so
 * SYNCING is said only of what nobody could execute.
 *
 * Specification: execution-apis, `src/engine/paris.md`, routines and methods.
 */

import { Turns } from '../../base/turns.ts';
import type { KnownBlock } from '../../chain/block-tree.ts';
import { type Block, encodeBlock } from '../../chain/blocks/block.ts';
import { InvalidBlock } from '../../chain/blocks/fault.ts';
import type { Chain } from '../../chain/chain.ts';
import { DatabaseError } from '../../chain/database/fault.ts';
import type { Hash } from '../../evm/types.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RpcError } from '../rpc/errors.ts';
import type { PayloadBuilds } from './payload-build.ts';
import { InvalidBlocks, type Invalidity, WaitingBlocks } from './remembered-blocks.ts';

/** PayloadStatusV1. */
export interface PayloadStatus {
  readonly status: 'VALID' | 'INVALID' | 'SYNCING' | 'ACCEPTED' | 'INVALID_BLOCK_HASH';
  readonly latestValidHash: Hash | null;
  readonly validationError: string | null;
}

/** ForkchoiceStateV1; a hash of zeros says nothing. */
export interface ForkchoiceState {
  readonly headBlockHash: Hash;
  readonly safeBlockHash: Hash;
  readonly finalizedBlockHash: Hash;
}

/** What came of a choice. */
export interface Chosen {
  readonly payloadStatus: PayloadStatus;
  /** The head now, upon which a payload may be built; undefined where nothing was chosen. */
  readonly head: KnownBlock | undefined;
}

export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;
const ERROR_CHARACTERS_MAX = 1_000;

export const SYNCING: PayloadStatus = {
  status: 'SYNCING',
  latestValidHash: null,
  validationError: null,
};

export function invalidStatus({ latestValidHash, message }: Invalidity): PayloadStatus {
  return {
    status: 'INVALID',
    latestValidHash: latestValidHash ?? null,
    validationError: message.slice(0, ERROR_CHARACTERS_MAX),
  };
}

function validStatus(hash: Hash): PayloadStatus {
  return { status: 'VALID', latestValidHash: hash, validationError: null };
}

export class Consensus {
  readonly #ledger: Ledger;
  readonly #builds: Pick<PayloadBuilds, 'fetched'>;
  readonly #chain: Chain;
  /** Of the merge, as the chain's schedule has it. */
  readonly terminalTotalDifficulty: bigint;
  readonly #invalid = new InvalidBlocks();
  readonly #waiting = new WaitingBlocks();
  /** Payloads that are being executed. */
  readonly #inFlight = new Map<Hash, Promise<PayloadStatus>>();
  /** Choices are taken in the order of the calls. */
  readonly #turns = new Turns();

  constructor(ledger: Ledger, builds: Pick<PayloadBuilds, 'fetched'>) {
    this.#ledger = ledger;
    this.#builds = builds;
    this.#chain = ledger.chain;
    const merge = ledger.chain.spec.forks.find((point) => point.totalDifficulty !== undefined);
    this.terminalTotalDifficulty = merge?.totalDifficulty ?? 0n;
  }

  /** Executes a block, unless that is done (it may have been built here), or cannot be. */
  newPayload(block: Block): Promise<PayloadStatus> {
    const { hash } = block;
    const { parentHash } = block.header;
    return this.#take(hash, parentHash, () => encodeBlock(block));
  }

  #take(hash: Hash, parentHash: Hash, encode: () => Uint8Array): Promise<PayloadStatus> {
    const running = this.#inFlight.get(hash);
    if (running !== undefined) return running;
    const judged = this.#judge(hash, parentHash, encode).finally(() => this.#inFlight.delete(hash));
    const isReady = this.#inFlight.has(parentHash) || this.#chain.has(parentHash);
    this.#inFlight.set(hash, judged);
    if (isReady) this.#wake(hash);
    return judged;
  }

  async #judge(hash: Hash, parentHash: Hash, encode: () => Uint8Array): Promise<PayloadStatus> {
    const known = this.#verdict(hash);
    if (known !== undefined) return known;
    // A parent that fails for want of the disk, say, is not there then: that is found below.
    await this.#inFlight.get(parentHash)?.catch(() => {});
    const ofParent = this.#invalid.get(parentHash);
    if (ofParent !== undefined) return this.#refuse(hash, ofParent);
    const parent = this.#chain.known(parentHash);
    if (parent === undefined) {
      this.#waiting.add({ hash, parentHash, bytes: encode() });
      return SYNCING;
    }
    try {
      // Most payloads that were fetched here come back: they were executed when they were built.
      const built = this.#builds.fetched(hash);
      await this.#chain.importBlock(built?.bytes ?? encode(), { built });
    } catch (error) {
      return this.#failed(hash, parent, error);
    }
    return validStatus(hash);
  }

  #verdict(hash: Hash): PayloadStatus | undefined {
    const invalidity = this.#invalid.get(hash);
    if (invalidity !== undefined) return invalidStatus(invalidity);
    return this.#chain.has(hash) ? validStatus(hash) : undefined;
  }

  #failed(hash: Hash, parent: KnownBlock, error: unknown): PayloadStatus {
    if (error instanceof InvalidBlock) {
      const isMerged = parent.header.difficulty === 0n;
      const latestValidHash = isMerged ? parent.hash : ZERO_HASH;
      return this.#refuse(hash, { latestValidHash, message: `${error.code}: ${error.message}` });
    }
    // The parent is older than the states that are kept: known, and nothing to be executed upon.
    if (error instanceof DatabaseError && error.code === 'database/no state') {
      return { status: 'ACCEPTED', latestValidHash: null, validationError: null };
    }
    throw error;
  }

  /** The block is invalid, and all that waits upon it. */
  #refuse(hash: Hash, { latestValidHash, message }: Invalidity): PayloadStatus {
    const invalidity = { latestValidHash, message };
    const refused: Hash[] = [hash];
    for (let each = refused.pop(); each !== undefined; each = refused.pop()) {
      this.#invalid.add(each, invalidity);
      refused.push(...this.#waiting.takeChildren(each).map((child) => child.hash));
    }
    return invalidStatus(invalidity);
  }

  /**
   * Has all that waits upon the block executed, each behind its parent; who asks for one of those
   * meanwhile waits for it.
   */
  #wake(parent: Hash): void {
    for (const { hash, parentHash, bytes } of this.#waiting.takeChildren(parent)) {
      // A fault that is not the block's is found again by whoever sends it again.
      this.#take(hash, parentHash, () => bytes).catch(() => {});
    }
  }

  /**
   * Makes a block the head, and names the safe and the finalized one.
   * @throws RpcError -38002 for hashes that do not fit together, -38006 for a head too old
   */
  forkchoice(state: ForkchoiceState): Promise<Chosen> {
    return this.#turns.take(() => this.#choose(state));
  }

  async #choose(state: ForkchoiceState): Promise<Chosen> {
    const { headBlockHash, safeBlockHash, finalizedBlockHash } = state;
    if (headBlockHash === ZERO_HASH) throw inconsistent('the head is no block');
    await this.#inFlight.get(headBlockHash)?.catch(() => {});
    const invalidity = this.#invalid.get(headBlockHash);
    if (invalidity !== undefined) return refused(invalidStatus(invalidity));
    const head = this.#chain.known(headBlockHash);
    if (head === undefined) return refused(SYNCING);
    if (!this.#isTerminal(head)) {
      const message = 'the block’s total difficulty is not that of the merge';
      return refused(invalidStatus({ latestValidHash: ZERO_HASH, message }));
    }
    const payloadStatus = validStatus(headBlockHash);
    if (await this.#isBehindFinality(head)) return refused(payloadStatus);
    await this.#requireAncestor('finalized', finalizedBlockHash, head);
    await this.#requireAncestor('safe', safeBlockHash, head);
    try {
      await this.#ledger.setHead(headBlockHash);
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === 'database/no state')) throw error;
      throw new RpcError('too deep reorg', `Too deep reorg: ${error.message}`);
    }
    const safe = safeBlockHash === ZERO_HASH ? {} : { safe: safeBlockHash };
    const finalized = finalizedBlockHash === ZERO_HASH ? {} : { finalized: finalizedBlockHash };
    this.#ledger.setFinality({ ...safe, ...finalized });
    return { payloadStatus, head };
  }

  /** Of a block with proof of work: whether the merge may follow it (EIP-3675). */
  #isTerminal({ header, totalDifficulty }: KnownBlock): boolean {
    if (header.difficulty === 0n || header.number === 0n) return true;
    const before = totalDifficulty - header.difficulty;
    const { terminalTotalDifficulty } = this;
    return totalDifficulty >= terminalTotalDifficulty && before < terminalTotalDifficulty;
  }

  /** Whether a block is an ancestor of the finalized one: then the head stays where it is. */
  async #isBehindFinality(head: KnownBlock): Promise<boolean> {
    const hash = this.#ledger.finality.finalized;
    const finalized = hash && this.#chain.known(hash);
    if (finalized === undefined) return false;
    if (head.header.number >= finalized.header.number) return false;
    return this.#isOnBranch(head.hash, finalized);
  }

  async #requireAncestor(name: string, hash: Hash, head: KnownBlock): Promise<void> {
    if (hash === ZERO_HASH || (await this.#isOnBranch(hash, head))) return;
    throw inconsistent(`the ${name} block ${hash} is no ancestor of the head ${head.hash}`);
  }

  /** PERF: O(blocks from the head of the branch to where it leaves the chosen one). */
  async #isOnBranch(hash: Hash, head: KnownBlock): Promise<boolean> {
    const block = this.#chain.known(hash);
    if (block === undefined) return false;
    let at: KnownBlock | undefined = head;
    while (at !== undefined && at.header.number > block.header.number) {
      if (await this.#isChosen(at)) return this.#isChosen(block);
      at = this.#chain.known(at.header.parentHash);
    }
    return at?.hash === hash;
  }

  async #isChosen({ hash, header }: KnownBlock): Promise<boolean> {
    const { head } = this.#chain;
    if (header.number >= head.header.number) return hash === head.hash;
    return (await this.#chain.blockAt(header.number))?.hash === hash;
  }
}

function refused(payloadStatus: PayloadStatus): Chosen {
  return { payloadStatus, head: undefined };
}

function inconsistent(message: string): RpcError {
  return new RpcError('invalid forkchoice state', `Invalid forkchoice state: ${message}`);
}
