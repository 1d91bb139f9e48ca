/**
 * Payload attributes: what a consensus client says of the block that it will propose, and the
 * name that the building of it has.
 *
 * Specification: execution-apis, PayloadAttributesV1 to V3; `engine_forkchoiceUpdated`, point 8.
 */

import { concatBytes, fromHex } from '../../base/bytes.ts';
import { keccak256 } from '../../base/keccak.ts';
import { encodeRlp, type RlpInput } from '../../base/rlp.ts';
import type { Withdrawal } from '../../chain/blocks/block.ts';
import type { BlockHeader } from '../../chain/blocks/header.ts';
import type { Address, Hash, Hex } from '../../evm/types.ts';
import { RpcError } from '../rpc/errors.ts';
import { objectOf, optional, type Read, readAddress, readHash, readU64 } from '../rpc/values.ts';
import { readWithdrawals } from './payload.ts';
import type { PayloadForks } from './payload-forks.ts';

/** Of any version. */
export interface PayloadAttributes {
  readonly timestamp: bigint;
  readonly prevRandao: Hash;
  readonly suggestedFeeRecipient: Address;
  /** V2. */
  readonly withdrawals: readonly Withdrawal[] | undefined;
  /** V3. */
  readonly parentBeaconBlockRoot: Hash | undefined;
}

/** Of `engine_forkchoiceUpdated`. */
export type AttributesVersion = 1 | 2 | 3;

/** Of any version; what one version asks for is `requireAttributes`'. */
export const readAttributes: Read<PayloadAttributes> = objectOf({
  timestamp: readU64,
  prevRandao: readHash,
  suggestedFeeRecipient: readAddress,
  withdrawals: optional(readWithdrawals),
  parentBeaconBlockRoot: optional(readHash),
});

/**
 * Attributes for a block upon `head`, as a method's version takes them.
 * @throws RpcError -38003 for what they should not be, -38005 for the time of another version
 */
export function requireAttributes(
  value: unknown,
  version: AttributesVersion,
  head: BlockHeader,
  forks: PayloadForks,
): PayloadAttributes {
  let attributes: PayloadAttributes;
  try {
    attributes = readAttributes(value, 'payloadAttributes');
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const { timestamp, withdrawals, parentBeaconBlockRoot } = attributes;
  const has = { withdrawals: withdrawals !== undefined, root: parentBeaconBlockRoot !== undefined };
  if (version === 3 && !(has.withdrawals && has.root)) {
    throw wrong('withdrawals and parentBeaconBlockRoot are missing');
  }
  if (version < 3 && has.root) throw wrong(`V${version} has no parentBeaconBlockRoot`);
  if (version === 1 && has.withdrawals) throw wrong('V1 has no withdrawals');
  const place = { number: head.number + 1n, timestamp };
  forks.require(place, SPANS[version], `engine_forkchoiceUpdatedV${version}`);
  if (version === 2 && has.withdrawals !== forks.rulesAt(place).is('shanghai')) {
    throw wrong('withdrawals belong to Shanghai and later');
  }
  if (timestamp <= head.timestamp) {
    throw wrong(`timestamp ${timestamp} is not after the head's ${head.timestamp}`);
  }
  return attributes;
}

const SPANS = {
  1: { from: 'paris', before: 'shanghai' },
  2: { from: 'paris', before: 'cancun' },
  3: { from: 'cancun', before: 'amsterdam' },
} as const;

function wrong(message: string): RpcError {
  return new RpcError('invalid payload attributes', `Invalid payload attributes: ${message}`);
}

const ID_BYTES = 8;

/** The same for the same block to be: the version, and seven bytes of a hash of the rest. */
export function payloadId(
  parent: Hash,
  attributes: PayloadAttributes,
  version: AttributesVersion,
): Hex {
  const { timestamp, prevRandao, suggestedFeeRecipient } = attributes;
  const { withdrawals, parentBeaconBlockRoot } = attributes;
  const items: RlpInput[] = [
    parent,
    timestamp,
    prevRandao,
    suggestedFeeRecipient,
    (withdrawals ?? []).map(({ index, validatorIndex, address, amount }) => [
      index,
      validatorIndex,
      fromHex(address),
      amount,
    ]),
    parentBeaconBlockRoot ?? '0x',
  ];
  const hash = keccak256(encodeRlp(items));
  const id = concatBytes(Uint8Array.of(version), hash.subarray(0, ID_BYTES - 1));
  return `0x${id.toHex()}`;
}
