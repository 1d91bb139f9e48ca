/**
 * A block's state as Anvil reads it (`anvil --load-state`), with the block and those before it that
 * BLOCKHASH reaches, their transactions and receipts. Written as it is read from the store: a state
 * is no larger in memory for being a file. Form: read-state.ts. Traces there are none, and what a
 * call gave back.
 */

import { toHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { WordMap } from '../../base/word-map.ts';
import { blobBaseFee } from '../../evm/forks/blob.ts';
import type { Account, Address, Hash, StateChanges } from '../../evm/types.ts';
import { codeKey } from '../../state/flat/keys.ts';
import type { OrderedStore } from '../../state/store/ordered-store.ts';
import type { ChainBlock } from '../block-tree.ts';
import type { BlockHeader } from '../blocks/header.ts';
import type { Receipt } from '../blocks/receipt.ts';
import { type ChainSpec, ForkTimeline } from '../chain-spec.ts';
import type { ChainDatabase } from '../database/chain-database.ts';
import { headerJson, withdrawalJson } from '../json/block-json.ts';
import { quantity, transactionJson } from '../json/transaction-json.ts';
import { PART_BYTES, type Place, partAfter, placeAfter } from '../snapshot/state-parts.ts';
import { AnvilFileError } from './fault.ts';

/** BLOCKHASH reaches so far back. */
const BLOCKS_MAX = 257;
/** Behind the last code: accounts carry theirs here. */
const BEHIND_CODES: Place = { code: `0x${'ff'.repeat(32)}` };

export interface AnvilExport {
  readonly block: ChainBlock;
  /** Of the file, one after another. */
  readonly texts: AsyncIterable<string>;
}

export interface AnvilExportOptions {
  /** Of the state that are read at once, about. */
  readonly partBytes?: number;
  /** Changes upon the state that are in no block yet. */
  readonly edits?: StateChanges | undefined;
}

/**
 * The file of a block's state, read in parts of so many bytes, about; nothing may be imported
 * until all of it was taken.
 * @throws DatabaseError `database/no state`
 */
export async function anvilState(
  database: ChainDatabase,
  hash: Hash,
  { partBytes = PART_BYTES, edits }: AnvilExportOptions = {},
): Promise<AnvilExport> {
  const store = await database.storeAt(hash);
  const block = (await database.block(hash)) as ChainBlock;
  const edited = editedAccounts(database, store, edits);
  return { block, texts: textsOf(database, store, { block, partBytes, edited }) };
}

/** Whole, as members of the object of accounts; undefined for one that is gone. */
type EditedAccounts = ReadonlyMap<Address, string | undefined>;

function editedAccounts(
  { state }: ChainDatabase,
  store: OrderedStore,
  { accounts, codes }: StateChanges = { accounts: new Map(), codes: new Map() },
): EditedAccounts {
  const texts = new Map<Address, string | undefined>();
  for (const [address, change] of accounts) {
    if (change === null) {
      texts.set(address, undefined);
      continue;
    }
    const slots = change.storageWiped ? new WordMap<bigint>() : state.storageOf(address);
    for (const [slot, value] of change.storage) slots.set(slot, value);
    const members = [...slots].filter(([, value]) => value !== 0n).map(slotText);
    const code = codes.get(change.codeHash);
    texts.set(address, `${accountText(store, address, change, code)}${members.join(',')}}}`);
  }
  return texts;
}

interface TextParts {
  readonly block: ChainBlock;
  readonly partBytes: number;
  readonly edited: EditedAccounts;
}

async function* textsOf(
  database: ChainDatabase,
  store: OrderedStore,
  { block, partBytes, edited }: TextParts,
): AsyncGenerator<string> {
  const { header, hash } = block;
  yield `{"block":${environmentText(header, database.spec)},"accounts":{`;
  for (const text of accountTexts(store, partBytes, edited)) {
    const at = database.state.checkpointed?.block;
    if (at !== hash) {
      const message = `the database moved on to block ${at} while block ${hash} was exported`;
      throw new AnvilFileError('anvil file/moved', `${message}: run the export again`);
    }
    yield text;
  }
  yield `},"best_block_number":${header.number},"blocks":[`;
  yield* joined(database, block, (each) => [blockJson(each)]);
  yield '],"transactions":[';
  yield* joined(database, block, minedJson);
  yield '],"historical_states":null}\n';
}

/** What is made of the block and of those before it, as the items of a list. */
async function* joined(
  database: ChainDatabase,
  block: ChainBlock,
  make: (block: ChainBlock) => readonly object[],
): AsyncGenerator<string> {
  let next: ChainBlock | undefined = block;
  let separator = '';
  for (let count = 0; next !== undefined && count < BLOCKS_MAX; count++) {
    for (const item of make(next)) {
      yield `${separator}${JSON.stringify(item)}`;
      separator = ',';
    }
    next = await database.block(next.header.parentHash);
  }
}

/** Numbers are digits of any size: JavaScript's own would be rounded. */
function environmentText(header: BlockHeader, spec: ChainSpec | undefined): string {
  const { number, timestamp, gasLimit, baseFeePerGas = 0n, excessBlobGas } = header;
  const blobs =
    excessBlobGas === undefined
      ? 'null'
      : `{"excess_blob_gas":${excessBlobGas},"blob_gasprice":${blobPrice(header, spec)}}`;
  return [
    `{"number":"${quantity(number)}","beneficiary":"${header.coinbase}"`,
    `"timestamp":"${quantity(timestamp)}","gas_limit":${gasLimit},"basefee":${baseFeePerGas}`,
    `"difficulty":"${quantity(header.difficulty)}","prevrandao":"${header.mixHash}"`,
    `"blob_excess_gas_and_price":${blobs},"slot_num":${header.slotNumber ?? 0n}}`,
  ].join(',');
}

function blobPrice(header: BlockHeader, spec: ChainSpec | undefined): bigint {
  const { number, timestamp, excessBlobGas = 0n } = header;
  if (spec === undefined) return 1n;
  const place = { number, timestamp, parentTotalDifficulty: MERGED };
  const { blobs } = new ForkTimeline(spec).at(place);
  return blobs === undefined ? 1n : blobBaseFee(excessBlobGas, blobs.baseFeeUpdateFraction);
}

/** More than any chain's difficulty: what has blobs is behind the merge. */
const MERGED = 2n ** 256n;

/** Members of the object of accounts; one whose slots fill several parts is written on. */
function* accountTexts(
  store: OrderedStore,
  partBytes: number,
  edited: EditedAccounts,
): Iterable<string> {
  const whole = [...edited.values()].filter((text) => text !== undefined);
  yield whole.join(',');
  let place = BEHIND_CODES;
  let open: Address | undefined;
  const firstSeparator = whole.length > 0 ? ',' : '';
  for (;;) {
    const part = partAfter(store, place, partBytes);
    if (part === undefined) break;
    let text = '';
    for (const [address, change] of part.accounts) {
      if (change === null || edited.has(address)) continue;
      const goesOn = address === open;
      const slots = Array.from(change.storage, slotText);
      const separator = open === undefined ? firstSeparator : '}},';
      if (!goesOn) text += `${separator}${accountText(store, address, change)}`;
      text += `${goesOn && slots.length > 0 ? ',' : ''}${slots.join(',')}`;
      open = address;
    }
    yield text;
    place = placeAfter(part);
  }
  if (open !== undefined) yield '}}';
}

function slotText([slot, value]: readonly [bigint, bigint]): string {
  return `"${word(slot)}":"${word(value)}"`;
}

/** Up to its first slot. */
function accountText(
  store: OrderedStore,
  address: Address,
  { nonce, balance, codeHash }: Account,
  code: Uint8Array | undefined = store.get(codeKey(codeHash)),
): string {
  const codeText = code === undefined ? '0x' : toHex(code);
  const fields = `"nonce":${nonce},"balance":"${quantity(balance)}","code":"${codeText}"`;
  return `"${address}":{${fields},"storage":{`;
}

function word(value: bigint): string {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

function blockJson({ header, transactions, uncles, withdrawals }: ChainBlock): object {
  return {
    header: headerJson(header),
    transactions: transactions.map((bytes) => ({
      transaction: transactionJson(bytes, header.baseFeePerGas),
      impersonated_sender: null,
    })),
    ommers: uncles.map(headerJson),
    withdrawals: withdrawals?.map(withdrawalJson) ?? null,
  };
}

/** A block's transactions with what became of them; no trace and no output is known of them. */
function minedJson({ hash, header, transactions, receipts }: ChainBlock): object[] {
  return transactions.map((bytes, index) => {
    const receipt = receipts[index] as Receipt;
    const { from, to, nonce } = transactionJson(bytes, header.baseFeePerGas);
    const info = {
      transaction_hash: toHex(keccak256(bytes)),
      transaction_index: index,
      ...{ from, to, contract_address: receipt.contractAddress ?? null },
      ...{ traces: [], exit: receipt.succeeded ? 'Stop' : 'Revert', out: null },
      ...{ nonce: Number(nonce), gas_used: Number(receipt.gasUsed) },
    };
    const logs = receipt.logs.map(({ address, topics, data }) => {
      return { address, topics, data: toHex(data) };
    });
    const { type, cumulativeGasUsed, succeeded, stateRoot, bloom } = receipt;
    // Before Byzantium there is a root instead (EIP-658).
    const outcome = stateRoot ? { root: stateRoot } : { status: quantity(succeeded ? 1n : 0n) };
    return {
      info,
      receipt: {
        type: quantity(BigInt(type)),
        ...outcome,
        cumulativeGasUsed: quantity(cumulativeGasUsed),
        ...{ logs, logsBloom: toHex(bloom) },
      },
      block_hash: hash,
      block_number: Number(header.number),
    };
  });
}
