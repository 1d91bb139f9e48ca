/**
 * The state of an Anvil (`anvil --dump-state`, `anvil_dumpState`), as the first block of a chain.
 *
 *   {"block": {environment}, "accounts": {...}, "best_block_number": 2, "blocks": [...],
 *    "transactions": [...], "historical_states": ...}
 *
 * The block is Anvil's own, to its hash, where the file's accounts, transactions and receipts are
 * those of its header. They are not where Anvil's state was set by hand since, or nothing was mined
 * upon its first block, which names no root: then it is an empty block in the same environment.
 * The file does not say of which chain it is, nor its forks.
 */

import { type JsonField, type JsonObject, readJson } from '../../base/json-field.ts';
import type { Hash, StateChanges } from '../../evm/types.ts';
import type { ChainBlock } from '../block-tree.ts';
import { firstBlock, genesisHeader } from '../blocks/genesis.ts';
import { headerHash } from '../blocks/header.ts';
import { blockDifferences } from '../blocks/header-vouches.ts';
import type { Receipt } from '../blocks/receipt.ts';
import { type ChainSpec, ForkTimeline } from '../chain-spec.ts';
import { readAccounts } from '../genesis-files/accounts.ts';
import type { GenesisFile } from '../genesis-files/genesis-file.ts';
import { readHeader, readWithdrawal } from '../json/block-json.ts';
import { readTransaction } from '../json/transaction-json.ts';
import type { TransactionType } from '../transactions/types.ts';

export interface AnvilState extends GenesisFile {
  /** Whether the block is Anvil's own. */
  readonly isOriginal: boolean;
  /** Blocks before it, the parent first, as many as BLOCKHASH reaches; none where it is not. */
  readonly ancestors: readonly ChainBlock[];
}

const U64_MAX = 2n ** 64n - 1n;
const WORD_MAX = 2n ** 256n - 1n;
const TYPE_MAX = 4n;
const ANCESTORS_MAX = 256;

/** @throws JsonError, GenesisError naming the path of what is not as it should be */
export function parseAnvilState(text: string, spec: ChainSpec): AnvilState {
  const file = readJson(text).object();
  const state = readAccounts(file.get('accounts').object());
  const stateRoot = state.root();
  const environment = file.get('block').object();
  const number = environment.get('number').integer(U64_MAX);
  const [original, ...ancestors] = originalBlocks(file, number, stateRoot);
  const block = original ?? blockIn(environment, spec, stateRoot);
  const isOriginal = original !== undefined;
  return { spec, block, state: state.asChanges(), isOriginal, ancestors };
}

/** The accounts of such a file alone. @throws JsonError, GenesisError */
export function parseAnvilAccounts(text: string): StateChanges {
  return readAccounts(readJson(text).object().get('accounts').object()).asChanges();
}

/** Blocks of the file by their hashes. */
type GivenBlocks = ReadonlyMap<Hash, ChainBlock>;

/**
 * Anvil's own block with that number and those before it, the parent first, as far as all that a
 * header vouches for is in the file; none where the block itself is not whole.
 */
function originalBlocks(file: JsonObject, number: bigint, root: Hash): ChainBlock[] {
  const blocks = givenBlocks(file);
  const best = [...blocks.values()].find(({ header }) => header.number === number);
  if (best === undefined || best.header.stateRoot !== root) return [];
  const line: ChainBlock[] = [];
  let next: ChainBlock | undefined = best;
  while (next !== undefined && isWhole(next) && line.length <= ANCESTORS_MAX) {
    line.push(next);
    next = blocks.get(next.header.parentHash);
  }
  let totalDifficulty = 0n;
  const summed = line.toReversed().map((block) => {
    totalDifficulty += block.header.difficulty;
    return { ...block, totalDifficulty };
  });
  return summed.reverse();
}

function givenBlocks(file: JsonObject): GivenBlocks {
  const blocks = file.get('blocks');
  const receipts = receiptsIn(file);
  const given = (blocks.isAbsent ? [] : blocks.list()).map((item) => item.object());
  return new Map(
    given.map((from) => {
      const block = readBlock(from, receipts);
      return [block.hash, block] as const;
    }),
  );
}

function readBlock(from: JsonObject, receipts: ReadonlyMap<Hash, readonly Mined[]>): ChainBlock {
  const header = readHeader(from.get('header').object());
  const hash = headerHash(header);
  const list = from.get('withdrawals');
  const withdrawals = list.isAbsent ? [] : list.list().map(readWithdrawal);
  const ommers = from.get('ommers');
  return {
    ...{ hash, header, totalDifficulty: header.difficulty },
    uncles: ommers.isAbsent ? [] : ommers.list().map((ommer) => readHeader(ommer.object())),
    transactions: from
      .get('transactions')
      .list()
      .map((item) => readTransaction(item.object().get('transaction'))),
    receipts: receiptsOf(receipts.get(hash) ?? []),
    ...(header.withdrawalsRoot === undefined ? {} : { withdrawals }),
  };
}

function isWhole(block: ChainBlock): boolean {
  return blockDifferences(block).length === 0;
}

/** What became of a transaction. */
interface Mined {
  readonly index: bigint;
  readonly created: JsonField;
  readonly receipt: JsonObject;
}

/** By the blocks' hashes. */
function receiptsIn(file: JsonObject): ReadonlyMap<Hash, Mined[]> {
  const transactions = file.get('transactions');
  const mined = (transactions.isAbsent ? [] : transactions.list()).map((each) => each.object());
  const receipts = new Map<Hash, Mined[]>();
  for (const item of mined) {
    const block = item.get('block_hash').fixedBytes(32);
    const info = item.get('info').object();
    const list = receipts.get(block) ?? [];
    list.push({
      index: info.get('transaction_index').integer(U64_MAX),
      created: info.get('contract_address'),
      receipt: item.get('receipt').object(),
    });
    receipts.set(block, list);
  }
  return receipts;
}

function receiptsOf(mined: readonly Mined[]): Receipt[] {
  let before = 0n;
  return [...mined]
    .sort((a, b) => Number(a.index - b.index))
    .map(({ created, receipt: from }) => {
      const cumulativeGasUsed = from.get('cumulativeGasUsed').integer(U64_MAX);
      const gasUsed = cumulativeGasUsed - before;
      before = cumulativeGasUsed;
      // Before Byzantium there is a root instead of a status, which says nothing of success.
      const root = from.get('root');
      return {
        type: Number(from.get('type').integer(TYPE_MAX)) as TransactionType,
        succeeded: root.isAbsent ? from.get('status').integer(1n) === 1n : true,
        stateRoot: root.isAbsent ? undefined : root.fixedBytes(32),
        cumulativeGasUsed,
        gasUsed,
        bloom: from.get('logsBloom').bytes(),
        logs: from.get('logs').list().map(readLog),
        contractAddress: created.isAbsent ? undefined : created.fixedBytes(20),
      };
    });
}

function readLog(item: JsonField): Receipt['logs'][number] {
  const log = item.object();
  return {
    address: log.get('address').fixedBytes(20),
    topics: log
      .get('topics')
      .list()
      .map((topic) => topic.fixedBytes(32)),
    data: log.get('data').bytes(),
  };
}

/** An empty block in Anvil's environment. */
function blockIn(environment: JsonObject, spec: ChainSpec, stateRoot: Hash): ChainBlock {
  const integer = (name: string, max: bigint) => environment.get(name).integer(max);
  const number = integer('number', U64_MAX);
  const timestamp = integer('timestamp', U64_MAX);
  const { is } = new ForkTimeline(spec).at({ number, timestamp, parentTotalDifficulty: 0n });
  const blobs = environment.get('blob_excess_gas_and_price');
  const excessBlobGas = blobs.isAbsent
    ? 0n
    : blobs.object().get('excess_blob_gas').integer(U64_MAX);
  const random = environment.get('prevrandao');
  return firstBlock(
    genesisHeader(spec, {
      ...{ stateRoot, number, timestamp },
      coinbase: environment.get('beneficiary').fixedBytes(20),
      gasLimit: integer('gas_limit', U64_MAX),
      ...(is('paris') ? {} : { difficulty: integer('difficulty', WORD_MAX) }),
      ...(random.isAbsent ? {} : { mixHash: random.fixedBytes(32) }),
      ...(is('london') ? { baseFeePerGas: integer('basefee', U64_MAX) } : {}),
      ...(is('cancun') ? { excessBlobGas } : {}),
    }),
  );
}
