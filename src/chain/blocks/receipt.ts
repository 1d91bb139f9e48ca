/** Receipts: what a transaction's execution left behind, as the block's receipts root holds it. */

import { concatBytes } from '../../base/bytes.ts';
import { encodeRlp, type RlpInput, rlpInteger } from '../../base/rlp.ts';
import type { Address, Hash, Log } from '../../evm/types.ts';
import type { TransactionType } from '../transactions/types.ts';

export interface Receipt {
  readonly type: TransactionType;
  /** From Byzantium on (EIP-658). */
  readonly succeeded: boolean;
  /** State root after the transaction, before Byzantium. */
  readonly stateRoot: Hash | undefined;
  /** Gas of the block up to this transaction. */
  readonly cumulativeGasUsed: bigint;
  readonly gasUsed: bigint;
  /** 256 bytes. */
  readonly bloom: Uint8Array;
  readonly logs: readonly Log[];
  readonly contractAddress: Address | undefined;
}

/** The bytes that are hashed: RLP for type 0, else type and RLP. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { type, succeeded, stateRoot, cumulativeGasUsed, bloom, logs } = receipt;
  const outcome =
    stateRoot === undefined ? rlpInteger(succeeded ? 1n : 0n) : fromHexText(stateRoot);
  const list = encodeRlp([outcome, rlpInteger(cumulativeGasUsed), bloom, logs.map(logItems)]);
  return type === 0 ? list : concatBytes(Uint8Array.of(type), list);
}

function logItems({ address, topics, data }: Log): RlpInput {
  return [fromHexText(address), topics.map(fromHexText), data];
}

function fromHexText(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.slice(2));
}
