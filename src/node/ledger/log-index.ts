/**
 * Logs of many blocks at once. The blooms of the head's branch are kept in sections of 1,024
 * blocks, so that blocks without what is wanted cost nothing but a look at some bits; logs that
 * were asked for are kept decoded. Both are bounded, and follow the head.
 *
 *   section   hashes of its blocks, and 256 bytes of bloom each, in the order of their numbers
 */

import { Slices } from '../../base/turn.ts';
import type { ChainBlock, KnownBlock } from '../../chain/block-tree.ts';
import { BLOOM_BYTES } from '../../chain/blocks/bloom.ts';
import type { Hash, Hex } from '../../evm/types.ts';
import { blockLogs, type LogAnswer, logSize } from '../json/log-answer.ts';
import { RpcError } from '../rpc/errors.ts';
import { FoundLogs } from './found-logs.ts';
import type { Ledger } from './ledger.ts';
import type { LogFilter } from './log-filter.ts';

/** Milliseconds for which a search holds up others at once. */
const SLICE_MS = 4;
const SECTION_BLOCKS = 1_024;
/** 64 MiB of blooms. */
const SECTIONS_MAX = 256;
/** Characters of decoded logs that are kept. */
const LOGS_SIZE_MAX = 64 << 20;
/** Of a block without logs. */
const BLOCK_SIZE = 200;

interface Section {
  /** undefined: not looked at yet. */
  readonly hashes: (Hash | undefined)[];
  readonly blooms: Uint8Array;
  /** 1 for a block that has any. */
  readonly hasLogs: Uint8Array;
}

export interface LogQuery {
  readonly filter: LogFilter;
  readonly from: bigint;
  readonly to: bigint;
  /** Of the answer. */
  readonly logsMax: number;
  readonly signal: AbortSignal;
}

const indices = new WeakMap<Ledger, LogIndex>();

/** The ledger's index; from the first time on it follows the head. */
export function logIndexOf(ledger: Ledger): LogIndex {
  let index = indices.get(ledger);
  if (index === undefined) {
    index = new LogIndex(ledger);
    indices.set(ledger, index);
  }
  return index;
}

export class LogIndex {
  readonly #ledger: Ledger;
  /** By number of the section, the one used longest ago first. */
  readonly #sections = new Map<number, Section>();
  /** By hash of the block, the one used longest ago first. */
  readonly #logs = new Map<Hash, readonly LogAnswer[]>();
  #logsSize = 0;
  /** Changes with the head's branch, but not as it grows. */
  #branch = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    ledger.onHead(({ removed, added }) => {
      for (const { header } of removed) this.#forget(header.number);
      for (const block of added) this.#put(block);
      if (removed.length > 0) this.#branch += 1;
    });
  }

  /**
   * The logs of blocks of the head's branch. PERF: O(blocks) looks at their blooms, O(matches)
   * blocks. @throws RpcError 'limit exceeded' for more than `logsMax`
   */
  async search(query: LogQuery): Promise<LogAnswer[]> {
    const { filter, logsMax, signal } = query;
    const found = new FoundLogs(logsMax);
    const candidates = await this.#candidates(query);
    const slices = new Slices(SLICE_MS);
    for (const hash of candidates) {
      signal.throwIfAborted();
      if (slices.isOver()) await slices.next();
      const logs = this.#logs.get(hash) ?? (await this.logsOf(hash));
      for (const log of logs) if (filter.matches(log)) found.add(log);
    }
    return found.logs;
  }

  /** All logs of a block, of whatever branch. @throws RpcError for one that is not there */
  async logsOf(hash: Hash): Promise<readonly LogAnswer[]> {
    const known = this.#logs.get(hash);
    if (known !== undefined) {
      this.#logs.delete(hash);
      this.#logs.set(hash, known);
      return known;
    }
    const block = await this.#ledger.blockByHash(hash);
    if (block === undefined) throw new RpcError('server error', 'unknown block');
    return this.#keepLogs(hash, blockLogs(block));
  }

  #keepLogs(hash: Hash, logs: readonly LogAnswer[]): readonly LogAnswer[] {
    if (this.#logs.has(hash)) return logs;
    this.#logs.set(hash, logs);
    this.#logsSize += sizeOf(logs);
    for (const [oldest, each] of this.#logs) {
      if (this.#logsSize <= LOGS_SIZE_MAX) break;
      this.#logs.delete(oldest);
      this.#logsSize -= sizeOf(each);
    }
    return logs;
  }

  /** Blocks that may have such logs, all of one branch. */
  async #candidates(query: LogQuery): Promise<Hash[]> {
    while (true) {
      const branch = this.#branch;
      const hashes = await this.#lookThrough(query, branch);
      if (hashes !== undefined) return hashes;
      query.signal.throwIfAborted();
    }
  }

  /** undefined: another branch was chosen meanwhile. */
  async #lookThrough(
    { filter, from, to, signal }: LogQuery,
    branch: number,
  ): Promise<Hash[] | undefined> {
    const candidates: Hash[] = [];
    const [first, last] = [Number(from), Number(to)];
    for (let start = first; start <= last; ) {
      const number = Math.floor(start / SECTION_BLOCKS);
      const end = Math.min(last, (number + 1) * SECTION_BLOCKS - 1);
      const section = await this.#filled(number, { start, end, branch });
      if (section === undefined) return undefined;
      for (let at = start % SECTION_BLOCKS; at <= end % SECTION_BLOCKS; at++) {
        const hash = section.hashes[at];
        if (hash === undefined || section.hasLogs[at] === 0) continue;
        if (filter.mayBeIn(section.blooms, at * BLOOM_BYTES)) candidates.push(hash);
      }
      signal.throwIfAborted();
      start = end + 1;
    }
    return candidates;
  }

  /** A section that knows the blocks from `start` to `end`. */
  async #filled(
    number: number,
    range: { readonly start: number; readonly end: number; readonly branch: number },
  ): Promise<Section | undefined> {
    const section = this.#section(number);
    let above: KnownBlock | undefined;
    const slices = new Slices(SLICE_MS);
    for (let at = range.end; at >= range.start; at--) {
      if (section.hashes[at % SECTION_BLOCKS] !== undefined) {
        above = undefined;
        continue;
      }
      const parent = above && this.#ledger.chain.known(above.header.parentHash);
      const block: KnownBlock | undefined =
        parent ?? (await this.#ledger.blockByNumber(BigInt(at)));
      if (slices.isOver()) await slices.next();
      if (this.#branch !== range.branch) return undefined;
      if (block !== undefined) putInto(section, block);
      above = block;
    }
    return section;
  }

  #section(number: number): Section {
    let section = this.#sections.get(number);
    if (section === undefined) {
      section = {
        hashes: new Array(SECTION_BLOCKS).fill(undefined),
        blooms: new Uint8Array(SECTION_BLOCKS * BLOOM_BYTES),
        hasLogs: new Uint8Array(SECTION_BLOCKS),
      };
    } else this.#sections.delete(number);
    this.#sections.set(number, section);
    for (const oldest of this.#sections.keys()) {
      if (this.#sections.size <= SECTIONS_MAX) break;
      this.#sections.delete(oldest);
    }
    return section;
  }

  #put(block: ChainBlock): void {
    putInto(this.#section(Math.floor(Number(block.header.number) / SECTION_BLOCKS)), block);
  }

  #forget(number: bigint): void {
    const section = this.#sections.get(Math.floor(Number(number) / SECTION_BLOCKS));
    if (section !== undefined) section.hashes[Number(number) % SECTION_BLOCKS] = undefined;
  }
}

function sizeOf(logs: readonly LogAnswer[]): number {
  return logs.reduce((sum, log) => sum + logSize(log), BLOCK_SIZE);
}

const NO_LOGS: Hex = `0x${'00'.repeat(BLOOM_BYTES)}`;

function putInto({ hashes, blooms, hasLogs }: Section, { hash, header }: KnownBlock): void {
  const at = Number(header.number) % SECTION_BLOCKS;
  hashes[at] = hash;
  hasLogs[at] = header.logsBloom === NO_LOGS ? 0 : 1;
  const start = at * BLOOM_BYTES;
  if (hasLogs[at] === 0) return;
  blooms.subarray(start, start + BLOOM_BYTES).setFromHex(header.logsBloom.slice(2));
}
